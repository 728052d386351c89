"""smtj: from the physics of a stochastic magnetic tunnel junction to a network of such neurons."""
