"""Reads every YAML file below a folder as YAML 1.1 (PyYAML) and 1.2 (ruamel.yaml) and compares the data.

kubectl, kustomize and Helm follow 1.1 in places, editors and newer tools 1.2; a text that means two
things means the wrong one to somebody. YAML held as text inside a ConfigMap is read twice as well.
"""

import math
import pathlib
import sys

import yaml
from ruamel.yaml import YAML


class Yaml11(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Refuses the same key twice, which PyYAML lets through."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {repr(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def as_11(text):
    return list(yaml.load_all(text, Loader=Yaml11))


def as_12(text):
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return list(reader.load_all(text))


def differences(one, two, path=""):
    """Paths at which two documents differ; `True` is not `1`, `1` not `1.0`."""
    if type(one) is not type(two):
        yield f"{path or '/'}: 1.1 reads {one!r}, 1.2 reads {two!r}"
    elif isinstance(one, dict):
        if list(map(repr, one)) != list(map(repr, two)):
            yield f"{path or '/'}: 1.1 has the keys {list(one)}, 1.2 {list(two)}"
        else:
            for (key, a), b in zip(one.items(), two.values()):
                yield from differences(a, b, f"{path}/{key}")
    elif isinstance(one, list):
        if len(one) != len(two):
            yield f"{path or '/'}: {len(one)} items in 1.1, {len(two)} in 1.2"
        for i, (a, b) in enumerate(zip(one, two)):
            yield from differences(a, b, f"{path}/{i}")
    elif isinstance(one, float) and math.isnan(one) and math.isnan(two):
        return
    elif one != two:
        yield f"{path or '/'}: 1.1 reads {one!r}, 1.2 reads {two!r}"


def embedded(documents):
    """Texts of ConfigMap keys that are YAML files of their own."""
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "ConfigMap":
            for key, text in (document.get("data") or {}).items():
                if key.endswith((".yaml", ".yml")):
                    yield key, text


def read(text, name):
    """Both readings, and what is wrong with the text."""
    try:
        one, two = as_11(text), as_12(text)
    except Exception as error:  # any reader's refusal is the finding
        return [], [f"{name}: {error}"]
    return one, [f"{name} {found}" for found in differences(one, two)]


def main(root):
    files = sorted(p for p in pathlib.Path(root).rglob("*") if p.suffix in (".yaml", ".yml"))
    wrong, inner = [], 0
    for path in files:
        documents, found = read(path.read_text(encoding="utf-8"), path)
        wrong += found
        for key, text in embedded(documents):
            inner += 1
            wrong += read(text, f"{path} data.{key}")[1]
    print("\n".join(wrong) or f"{len(files)} files and {inner} texts inside them")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
