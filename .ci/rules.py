"""Writes the groups of every PrometheusRule below a folder as plain rule files, which promtool reads."""

import pathlib
import sys

import yaml


def main(root, out):
    for path in sorted(pathlib.Path(root).rglob("*.yaml")):
        for item in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader):
            if isinstance(item, dict) and item.get("kind") == "PrometheusRule":
                name = "_".join(path.relative_to(root).parts)
                with open(pathlib.Path(out) / name, "w", encoding="utf-8") as file:
                    yaml.safe_dump({"groups": item["spec"]["groups"]}, file, sort_keys=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
