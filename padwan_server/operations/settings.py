"""What a user may set; the editors' settings and their documentation derive from this model.

In msgspec and not in pydantic, which a language server would have to wait for before it can answer anything.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from padwan_server.errors import PadwanError
from padwan_server.prompts.rules import Code, Grades
from padwan_server.service import DEFAULT_MODEL

Grade = Literal["error", "warning", "information", "hint", "off"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings under ``padwan.`` of an editor; the shell and the tool server have them as options."""

    backend: Annotated[
        Literal["gemini", "emulator"],
        Meta(description="Where jobs run: the Gemini API, or the workspace's own emulator (free, needs no key)."),
    ] = "gemini"
    model: Annotated[str, Meta(min_length=1, description="The model of a new batch job that names none.")] = (
        DEFAULT_MODEL
    )
    api_version: Annotated[
        str, Meta(pattern=r"^v[0-9a-z]+$", description="Version of the Gemini API, as in its addresses.")
    ] = "v1beta"
    submission_tags: Annotated[
        bool,
        Meta(
            description="Whether display names at the service end in a tag, which padwan-server does not show. By it a "
            "job is found whose name got lost on the way; without it you are asked which one it is."
        ),
    ] = True
    confirm: Annotated[
        Literal["auto", "always", "never"],
        Meta(
            description="Whether an assistant's client asks you before a tool call spends money: auto where the client "
            "can ask, always (and nothing is sent where it cannot), or never."
        ),
    ] = "auto"
    files: Annotated[
        tuple[str, ...],
        Meta(description="Names (glob patterns) of the prompt files that are checked while they are edited."),
    ] = ("*.prompts.json", "*.prompts.jsonl", "*.prompts.txt", "prompts.json", "prompts.jsonl", "prompts.txt")
    inlay_hints: Annotated[
        bool, Meta(description="Whether state and tokens of each prompt's last answer stand behind it.")
    ] = False
    rules: Annotated[
        dict[Code, Grade],
        Meta(
            description='How bad a rule\'s findings are, by the rule\'s code, e.g. {"duplicate-prompt": "off"}. '
            "What is an error by itself is shown as you say, and stops a submission all the same."
        ),
    ] = msgspec.field(default_factory=dict)

    @property
    def grades(self) -> Grades:
        """The rules as this user sees them."""
        return Grades({code.value: grade for code, grade in self.rules.items()})


def parse_settings(given: Any) -> Settings:
    """The settings in ``given``, an object of camelCase or snake_case names; absent ones have their defaults.

    Raises PadwanError ``invalid-settings`` that names each bad one.
    """
    values = given if isinstance(given, dict) else {}
    read: dict[str, Any] = {}
    bad: list[str] = []
    for field in msgspec.structs.fields(Settings):
        value = values.get(field.encode_name, values.get(field.name))
        if value is None:
            continue
        try:
            read[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            bad.append(f"padwan.{field.encode_name}: {error}")
    if bad:
        raise PadwanError(
            "invalid-settings",
            f"Settings that cannot be used: {'; '.join(bad)}.",
            "Correct them; until then the old ones hold.",
        )
    return Settings(**read)


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of each setting, by its name under ``padwan.``."""
    _, components = msgspec.json.schema_components([Settings])
    schema: dict[str, Any] = _inlined(components["Settings"]["properties"], components)
    return schema


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    """A schema in which nothing refers to another."""
    if isinstance(schema, list):
        return [_inlined(item, components) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].rsplit("/", 1)[-1]], components)
    return {name: _inlined(value, components) for name, value in schema.items()}
