"""What a user may set; the editors' settings and their documentation derive from this model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from padwan_server.errors import PadwanError
from padwan_server.prompts.rules import Code, Grades
from padwan_server.service import DEFAULT_MODEL


class Settings(BaseModel):
    """The settings under ``padwan.`` of an editor; the shell and the tool server have them as options."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    backend: Annotated[
        Literal["gemini", "emulator"],
        Field(description="Where jobs run: the Gemini API, or the workspace's own emulator (free, needs no key)."),
    ] = "gemini"
    model: Annotated[str, Field(min_length=1, description="The model of a new batch job that names none.")] = (
        DEFAULT_MODEL
    )
    api_version: Annotated[
        str, Field(pattern=r"^v[0-9a-z]+$", description="Version of the Gemini API, as in its addresses.")
    ] = "v1beta"
    files: Annotated[
        tuple[str, ...],
        Field(description="Names (glob patterns) of the prompt files that are checked while they are edited."),
    ] = ("*.prompts.json", "*.prompts.jsonl", "*.prompts.txt", "prompts.json", "prompts.jsonl", "prompts.txt")
    rules: Annotated[
        dict[Code, Literal["error", "warning", "information", "hint", "off"]],
        Field(
            description='How bad a rule\'s findings are, by the rule\'s code, e.g. {"duplicate-prompt": "off"}. '
            "What is an error by itself is shown as you say, and stops a submission all the same."
        ),
    ] = {}

    @property
    def grades(self) -> Grades:
        """The rules as this user sees them."""
        return Grades({code.value: grade for code, grade in self.rules.items()})


def parse_settings(given: Any) -> Settings:
    """The settings in ``given``, an object of camelCase or snake_case names; absent ones have their defaults.

    Raises PadwanError ``invalid-settings`` that names each bad one.
    """
    values = given if isinstance(given, dict) else {}
    try:
        return Settings.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        listed = "; ".join(f"padwan.{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise PadwanError(
            "invalid-settings",
            f"Settings that cannot be used: {listed}.",
            "Correct them; until then the old ones hold.",
        ) from None
