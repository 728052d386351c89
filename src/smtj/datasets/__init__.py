"""Images to train on: MNIST, Fashion-MNIST, scikit-learn's digits, and a user's own."""

from smtj.datasets.loading import DATASET_NAMES, ImageDataset, load_dataset

__all__ = ["DATASET_NAMES", "ImageDataset", "load_dataset"]
