#!/usr/bin/env python3
"""Writes commands.json, the command tree as Appendix A of the fact sheet cli.md describes it.

python3 appendix.py PATH/cli.md > commands.json    # and then introspected.py

Each entry: path, aliases, hidden, group, args [{name, required, repeated, default}],
flags [{name, short, kind, values, repeated, default, required, hidden, negatable, env}];
keys whose value is null, false or empty are left out.
"""

import json
import re
import sys

CELL = re.compile(r"(?<!\\)\|")
FLAG = re.compile(r"^`(?:-(?P<short>.), )?--(?P<no>\[no-\])?(?P<name>[a-z0-9-]+)`(?P<rest>.*)$")


def split_flags(text):
    """Splits at `; ` outside of code spans and braces."""
    parts, depth, code, current = [], 0, False, ""
    for char in text:
        if char == "`":
            code = not code
        if char == "{":
            depth += 1
        if char == "}":
            depth -= 1
        if char == ";" and not code and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    if current.strip():
        parts.append(current.strip())
    return parts


def flag(text):
    match = FLAG.match(text)
    assert match, text
    rest = match["rest"].strip()
    out = {"name": match["name"], "short": match["short"], "kind": "switch", "values": [], "repeated": False,
           "default": None, "required": False, "hidden": False, "negatable": bool(match["no"]), "env": None}
    if "(hidden)" in rest:
        out["hidden"] = True
        rest = rest.replace("(hidden)", "").strip()
    if "**req**" in rest:
        out["required"] = True
        rest = rest.replace("**req**", "").strip()
    env = re.search(r"\$([A-Z_]+)", rest)
    if env:
        out["env"] = env[1]
        rest = rest.replace(env[0], "").strip()
    choice = re.match(r"^\{([^}]*)\}", rest)
    kinds = {"S": "text", "I": "int", "U": "uint", "D": "duration", "F": "file", "RE": "regex", "M": "map", "URL": "url"}
    if choice:
        out["kind"] = "choice"
        out["values"] = choice[1].replace("\\|", "|").split("|")
        rest = rest[choice.end():].strip()
    else:
        kind = re.match(r"^(URL|RE|[SIUDFM])(\*?)(?= |$)", rest)
        if kind:
            out["kind"] = kinds[kind[1]]
            out["repeated"] = bool(kind[2]) and kind[1] != "M"
            if kind[1] == "M":
                out["repeated"] = True
            rest = rest[kind.end():].strip()
    if rest.startswith("="):
        out["default"] = rest[1:].strip()
        rest = ""
    assert not rest, (text, rest)
    if out["kind"] == "switch" and out["default"] is not None:
        assert out["default"] == "true", text
    return out


def arguments(text):
    out = []
    for match in re.finditer(r"(<[^>]*>|\[[^\]]*\])(…?)(?:=(\S+?)(?=[\s`]|$))?", text.strip("`")):
        required = match[1][0] == "<"
        for name in match[1][1:-1].split():
            out.append({"name": name.strip("[]<>"), "required": required, "repeated": bool(match[2]), "default": match[3]})
    return out


def command(cells):
    head, args, flags = cells
    hidden = "*(hidden)*" in head
    group = "— group" in head
    names = re.match(r"^`([^`]*)`(?: \(([^)]*)\))?", head)
    aliases = [alias.strip() for alias in (names[2] or "").split(",") if alias.strip()]
    return {"path": names[1].split(), "aliases": aliases, "hidden": hidden, "group": group,
            "args": arguments(args), "flags": [flag(part) for part in split_flags(flags)]}


def global_flags(lines):
    out = []
    for line in lines:
        match = re.match(r"^\| `(?:-s, )?--", line)
        if not match:
            continue
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        if len(cells) != 4 or cells[0].startswith("`-h"):
            continue
        names, env, default, _ = cells
        envs = re.findall(r"`([A-Z_]+)`", env)
        kind = re.search(r"(?:` |\) )(S|D|F)(?:$|,| )", names)
        choice = re.search(r"\{([^}]*)\}", names)
        for number, name in enumerate(re.findall(r"`(?:-., )?--(\[no-\])?([a-z-]+)`", names)):
            text = names
            alias = re.search(r"hidden alias `--([a-z-]+)`", text)
            if alias and alias[1] == name[1]:
                continue
            values = choice[1].replace("\\|", "|").split("|") if choice else []
            value = re.match(r"^`([^`]*)`$", default)
            out.append({"name": name[1], "short": "s" if name[1] == "server" else None,
                        "kind": "choice" if values else {"S": "text", "D": "duration", "F": "file"}.get(
                            kind[1] if kind else "", "switch"),
                        "values": values, "repeated": False, "default": value[1] if value else None,
                        "required": False, "hidden": False, "negatable": bool(name[0]),
                        "env": envs[number] if number < len(envs) else None,
                        "hidden_alias": alias[1] if alias else None})
    return out


def compact(value):
    """Without what is absent, false or empty."""
    if isinstance(value, dict):
        return {key: compact(entry) for key, entry in value.items() if entry not in (None, False, [])}
    if isinstance(value, list):
        return [compact(entry) for entry in value]
    return value


def main():
    lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
    start = lines.index("## Appendix A. Command tree with all flags")
    end = next(number for number, line in enumerate(lines) if line.startswith("## Appendix B"))
    commands = []
    for line in lines[start:end]:
        if line.startswith("| `"):
            cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
            assert len(cells) == 3, line
            commands.append(command(cells))
    flags_start = next(number for number, line in enumerate(lines) if line.startswith("### 1.3 Global flags"))
    print('{"global": [')
    print(",\n".join(json.dumps(compact(entry), ensure_ascii=False) for entry in
                     global_flags(lines[flags_start:flags_start + 40])))
    print('], "commands": [')
    print(",\n".join(json.dumps(compact(entry), ensure_ascii=False) for entry in commands))
    print("]}")


if __name__ == "__main__":
    main()
