"""Fails where a stream of objects (what kustomize built) holds one identity twice, or an object without one.

API versions do not tell objects apart: `policy/v1` and `policy/v1beta1` name the same thing.
"""

import collections
import sys

import yaml


def identity(item):
    group = item["apiVersion"].rpartition("/")[0]
    metadata = item["metadata"]
    return group, item["kind"], metadata.get("namespace", ""), metadata["name"]


def main(where):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    items = [item for item in yaml.load_all(sys.stdin, Loader=loader) if item is not None]
    counted = collections.Counter(map(identity, items))
    twice = sorted(key for key, count in counted.items() if count > 1)
    for key in twice:
        print(f"{where}: twice: {'/'.join(key)}")
    if not items:
        print(f"{where}: no object")
    return 1 if twice or not items else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
