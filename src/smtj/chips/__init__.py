"""Many virtual chips of one network: what a chip of these devices reaches, and what spoils it."""
