"""An ONNX graph under construction: nodes, constants, inputs and outputs, added one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Floats32, Ints

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10


class OnnxGraph:
    """A graph under construction; calling it adds a node and returns the name of its output.

    Values of the graph are handed on by name: what a method adds, it returns the name of. Shapes
    begin with the n customers.
    """

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self.helper, self.numpy_helper = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def __call__(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node.

        Parameters
        ----------
        operator : str
            Its name in ONNX.
        *inputs : str
        domain : str
            Of the operator; ``""`` for ONNX itself.
        **attributes
            Of the operator.

        Returns
        -------
        str
        """
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(
            self.helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        )
        return name

    def type_of(self, dtype: npt.DTypeLike) -> int:
        """ONNX's number of a dtype."""
        return int(self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def input(self, name: str, dtype: npt.DTypeLike, width: int) -> str:
        """Add an input of shape (n, width).

        Parameters
        ----------
        name : str
        dtype : dtype
        width : int

        Returns
        -------
        str
        """
        shape: list[str | int | None] = ["n", width]
        self.inputs.append(self.helper.make_tensor_value_info(name, self.type_of(dtype), shape))
        return name

    def output(self, value: str, name: str, dtype: npt.DTypeLike) -> None:
        """Make a value of shape (n,) an output.

        Parameters
        ----------
        value, name : str
            The value, and what the output is called.
        dtype : dtype
        """
        self.nodes.append(self.helper.make_node("Identity", [value], [name], name))
        self.outputs.append(self.helper.make_tensor_value_info(name, self.type_of(dtype), ["n"]))

    def constant(self, value: npt.ArrayLike) -> str:
        """Add a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.numpy_helper.from_array(np.asarray(value), name))
        return name

    def ints(self, *values: int) -> str:
        """Add a list of whole numbers."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, dtype: npt.DTypeLike) -> str:
        """Add a change of type.

        Parameters
        ----------
        value : str
        dtype : dtype

        Returns
        -------
        str
        """
        return self("Cast", value, to=self.type_of(dtype))

    def pick(self, table: str, columns: Ints) -> str:
        """Add a choice of columns.

        Parameters
        ----------
        table : str
            A value of shape (n, p).
        columns : integer array of shape (q,)

        Returns
        -------
        str
        """
        return self("Gather", table, self.constant(columns.astype(np.int64)), axis=1)

    def where_nan(self, values: str, otherwise: npt.ArrayLike) -> str:
        """Replace NaN.

        Parameters
        ----------
        values : str
        otherwise : float or array
            One number, or one for each column.

        Returns
        -------
        str
        """
        other = self.constant(np.asarray(otherwise, np.float64))
        return self("Where", self("IsNaN", values), other, values)

    def sum_of_rows(self, table: Floats32, rows: str) -> str:
        """Sum the table's rows of the given numbers, as float64 of shape (n, columns).

        Parameters
        ----------
        table : float32 array of shape (rows, columns)
        rows : str
            An int64 value of shape (n, k).

        Returns
        -------
        str
        """
        picked = self("Gather", self.constant(table.astype(np.float32)), rows, axis=0)
        return self.cast(self("ReduceSum", picked, self.ints(1), keepdims=0), np.float64)

    def activation(self, inputs: str, name: str) -> str:
        """Add a layer's activation.

        Parameters
        ----------
        inputs : str
        name : {"sigmoid", "relu"}

        Returns
        -------
        str

        Raises
        ------
        ConfigError
            If there is no operator for it.
        """
        operators = {"sigmoid": "Sigmoid", "relu": "Relu"}
        if name not in operators:
            raise ConfigError(f"a layer with the activation {name!r} has no ONNX form yet")
        return self(operators[name], inputs)

    def model(self) -> Any:
        """The finished graph."""
        graph = self.helper.make_graph(
            self.nodes, "dbnchurn", self.inputs, self.outputs, self.constants
        )
        opsets = [
            self.helper.make_opsetid("", OPSET),
            self.helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ]
        return self.helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="dbnchurn"
        )
