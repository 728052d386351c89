"""Images to train on: MNIST, Fashion-MNIST, any folder of IDX files, scikit-learn's digits."""

from smtj.datasets.loading import DATASET_NAMES, ImageDataset, load_dataset

__all__ = ["DATASET_NAMES", "ImageDataset", "load_dataset"]
