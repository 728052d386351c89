"""Images to train on: MNIST, Fashion-MNIST, any folder of IDX files, scikit-learn's digits.

Nothing heavy is imported before it is needed; PyTorch is not needed at all.
"""

from smtj.datasets.loading import DATASET_NAMES, ImageDataset, load_dataset

__all__ = ["DATASET_NAMES", "ImageDataset", "load_dataset"]
