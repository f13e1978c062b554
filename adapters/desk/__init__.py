"""The desk: where sellers read buyers in Chinese and answer them, live in a browser."""

from adapters.desk.pages import DeskPages

__all__ = ["DeskPages"]
