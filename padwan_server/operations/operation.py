"""What an operation is: a name, two models, an effect and one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from padwan_server.errors import PadwanError
from padwan_server.operations.context import Context


class Effect(StrEnum):
    """What running an operation does to the world."""

    READS = "reads"
    CHANGES = "changes"
    SPENDS = "spends"
    WRITES_FILES = "writes files"


class Params(BaseModel):
    """Parameters of an operation. Unknown names are refused; ``null`` means "not given"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {name: value for name, value in given.items() if value is not None}
        return given


class Result(BaseModel):
    """What an operation answers, in JSON values."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _WithoutNulls(GenerateJsonSchema):
    """Optional parameters are left out, never null: several assistants cannot fill in a union with null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            del described["default"]
        return described


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Operation(Generic[P, R]):
    """One entry of the table."""

    name: str
    title: str
    params: type[P]
    result: type[R]
    run: Callable[[P, Context], Awaitable[R]]
    effect: Effect
    long_running: bool = False
    for_assistants: bool = True
    """Whether assistants have it as a tool; some decisions are for people."""
    for_people: tuple[str, ...] = ()
    """Parameters that assistants do without: each costs their model some attention."""

    @property
    def description(self) -> str:
        """What it does and when to use it, for people and assistants alike."""
        return " ".join((self.run.__doc__ or "").split())

    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of the parameters, without null unions."""
        return self.params.model_json_schema(schema_generator=_WithoutNulls)

    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of the result."""
        return self.result.model_json_schema(mode="serialization")

    async def __call__(self, arguments: Any, context: Context) -> R:
        """Check ``arguments`` (a JSON object, or None) and run. Raises PadwanError ``invalid-params`` or its own."""
        return await self.run(self.parse(arguments), context)

    def parse(self, arguments: Any) -> P:
        """The parameters in ``arguments``. Raises PadwanError ``invalid-params`` that names each bad one."""
        try:
            return self.params.model_validate({} if arguments is None else arguments)
        except ValidationError as error:
            raise self._invalid(error) from None

    def _invalid(self, error: ValidationError) -> PadwanError:
        problems = [
            {"parameter": ".".join(map(str, found["loc"])), "problem": _in_words(found)}
            for found in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        listed = "; ".join(f"{p['parameter']}: {p['problem']}" if p["parameter"] else p["problem"] for p in problems)
        names = ", ".join(self.params.model_fields) or "none"
        return PadwanError(
            "invalid-params", f"{self.name}: {listed}.", f"Its parameters are: {names}.", {"problems": problems}
        )


def _in_words(found: ErrorDetails) -> str:
    match found["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is no parameter of this operation"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be an object"
        case _:
            return found["msg"].removeprefix("Value error, ")
