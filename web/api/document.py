"""The OpenAPI document, and what its page shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from web.api.problems import MEDIA_TYPE

TOKEN = {"token": {"type": "http", "scheme": "bearer", "description": "made by `wirewatch users token`"}}


IF_MATCH = {"type": "string", "pattern": '^"[0-9]{1,9}"$'}


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document saying that errors are problems, that a token is needed, and with edits the revision edited."""
    for operation in _operations(document):
        for part in operation.get("parameters", []):
            if part["name"] == "if-match":  # without it the answer is 428, not the framework's 422
                part.update(required=True, schema=IF_MATCH)
        for status, answer in operation["responses"].items():
            if not status.startswith("2") and "content" in answer:
                schema = answer["content"].pop("application/json", None)
                answer["content"] = {MEDIA_TYPE: schema or {}}
    document["components"]["securitySchemes"] = TOKEN
    document["security"] = [{"token": []}]
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


@dataclass(frozen=True, slots=True)
class Document:
    """The document as the page goes through it."""

    values: Mapping[str, Any]

    @property
    def about(self) -> str:
        """What it is for."""
        return str(self.values["info"]["description"])

    def nouns(self) -> dict[str, list[dict[str, Any]]]:
        """Noun → its routes: method, path, what it does, parameters, the name of the body's and the answer's shape."""
        found: dict[str, list[dict[str, Any]]] = {}
        for path, methods in self.values["paths"].items():
            for method, one in methods.items():
                found.setdefault(one["tags"][0], []).append(
                    {
                        "method": method.upper(),
                        "path": f"/api{path}",
                        "does": one.get("description", ""),
                        "parameters": [_parameter(part) for part in one.get("parameters", [])],
                        "body": _shape(one.get("requestBody", {})),
                        "answer": next(_shape(said) for code, said in one["responses"].items() if code[0] == "2"),
                    }
                )
        return found

    def shapes(self) -> dict[str, list[tuple[str, str, str]]]:
        """Name of a shape → its fields: name, type, description."""
        schemas = self.values["components"]["schemas"]
        return {
            name: [(key, _type(one), one.get("description", "")) for key, one in shape.get("properties", {}).items()]
            for name, shape in schemas.items()
        }


def _parameter(part: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    """Name, type, description, whether it must be given."""
    return part["name"], _type(part.get("schema", {})), part.get("description", ""), part.get("required", False)


def _shape(said: Mapping[str, Any]) -> str:
    content = said.get("content", {})
    return next((_type(one.get("schema", {})) for one in content.values()), "")


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"a page of {name[5:-1]}" if name.startswith("Page_") else name
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(one) or '""' for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
