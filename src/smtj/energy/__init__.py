"""What a neuron costs: energy, latency and area of its reads, from the card."""
