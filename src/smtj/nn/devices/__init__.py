"""The devices of a layer: how they vary, and the bias voltage that drives them."""
