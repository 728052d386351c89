"""Everything that decides a trained network, apart from the images and the number of epochs."""

from dataclasses import asdict, dataclass
from typing import Any

from smtj.card import Card
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Images, Trainer
from smtj.units import format_quantity, format_scaled


@dataclass(frozen=True)
class Experiment:
    """A device, a network of it and a way to train it."""

    card: Card
    network: NetworkSettings
    training: TrainingSettings
    dataset: str

    def title(self) -> str:
        """Return one line that describes the network and its training."""
        net, train = self.network, self.training
        neuron = f"{self.card.name} neurons" if net.neuron == "mtj" else "sigmoid neurons"
        first = f"{train.first_reads} to " if train.first_reads else ""
        reads = (
            f", {first}{net.reads} read{'s' if net.reads != 1 else ''}"
            if net.neuron == "mtj"
            else ""
        )
        if net.interval is not None:
            reads += f" {format_scaled(net.interval, 's')} apart in a stream"
        drive = " driven by voltage" if net.drive == "voltage" else ""
        if net.drive_field:
            drive += f" at {format_quantity(net.drive_field, 'A/m', 'Oe', 3)}"
        bias = f", a bias voltage per {net.adaptive}" if net.adaptive else ""
        return (
            f"{'-'.join(map(str, net.sizes))}, {neuron}{drive}{reads}{bias}, "
            f"{net.readout} read-out, "
            f"{net.coupling} coupling, {train.title()}, seed {train.seed}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON types."""
        return {
            "card": self.card.name,
            "dataset": self.dataset,
            "network": asdict(self.network),
            "training": self.training.to_dict(),
        }

    def start(self, images: Images) -> Trainer:
        """Return a trainer before its first epoch."""
        network = build_network(self.network, self.card, self.training.seed)
        return Trainer(network, images, self.training)
