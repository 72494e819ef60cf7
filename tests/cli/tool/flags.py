"""Which flags of which commands a command line uses."""


class Model:
    """The commands of the tool, as it tells them by `--fisk-introspect`."""

    def __init__(self, description):
        self.root = description

    def defined(self):
        """{"stream ls": {"names", ...}} with every command that has flags, groups among them; the globals are under ""."""
        found = {}

        def walk(command, path):
            names = {flag["name"] for flag in command.get("flags") or [] if not flag.get("hidden")}
            if names:
                found[" ".join(path)] = names
            for child in command.get("commands") or []:
                walk(child, path + [child["name"]])
        walk(self.root, [])
        return found

    def used(self, words):
        """{("stream", "all"), ("stream ls", "names")} of a command line; what is no flag of a command is left out."""
        levels = [([], self.root)]
        found = set()
        words = list(words)
        while words:
            word = words.pop(0)
            if word == "--":
                break
            if word.startswith("--"):
                name, has_value = word[2:].partition("=")[::2]
                hit = self._flag(levels, lambda flag, name=name: name == flag["name"] or (
                    flag.get("negatable") and name == "no-" + flag["name"]))
                if hit:
                    found.add((hit[0], hit[1]["name"]))
                    if not hit[1]["boolean"] and not has_value and words:
                        words.pop(0)
            elif word.startswith("-") and len(word) > 1:
                for at, letter in enumerate(word[1:], 2):
                    hit = self._flag(levels, lambda flag, letter=letter: flag.get("short") == ord(letter))
                    if not hit:
                        break
                    found.add((hit[0], hit[1]["name"]))
                    if not hit[1]["boolean"]:
                        if not word[at:] and words:
                            words.pop(0)
                        break
            else:
                path, command = levels[-1]
                for child in command.get("commands") or []:
                    if word == child["name"] or word in (child.get("aliases") or []):
                        levels.append((path + [child["name"]], child))
                        break
        return found

    @staticmethod
    def _flag(levels, wanted):
        """(path, flag) of the innermost command that has it."""
        for path, command in reversed(levels):
            for flag in command.get("flags") or []:
                if wanted(flag):
                    return " ".join(path), flag
        return None
