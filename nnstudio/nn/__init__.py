"""The torch modules that layers need and torch lacks. Each class depends on torch alone, so that its source can be
printed into an exported Python file."""

from nnstudio.nn.losses import BCEWithLogitsLoss
from nnstudio.nn.metrics import MAE, R2, RMSE, Accuracy, BinaryAccuracy
from nnstudio.nn.recurrent import GRU, LSTM, RNN

__all__ = ["GRU", "LSTM", "MAE", "R2", "RMSE", "RNN", "Accuracy", "BCEWithLogitsLoss", "BinaryAccuracy"]
