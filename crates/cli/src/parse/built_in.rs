//! Flags that the program itself acts on.

/// A flag that the program itself acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// `--help` or `-h`.
    Help,
    /// `--version`.
    Version,
    /// `--help-long`: everything.
    HelpLong,
    /// `--help-compact`.
    HelpCompact,
    /// `--help-man`: a manual page.
    HelpMan,
    /// `--help-llm`: Markdown.
    HelpMarkdown,
    /// `--fisk-introspect`: the model as JSON.
    Introspect,
    /// `--completion-script-bash`.
    ScriptBash,
    /// `--completion-script-zsh`.
    ScriptZsh,
    /// `--completion-script-fish`.
    ScriptFish,
    /// `--completion-script-elvish`.
    ScriptElvish,
    /// `--completion-script-powershell`.
    ScriptPowerShell,
}

/// Their long names.
pub(super) const BUILT_INS: &[(&str, BuiltIn)] = &[
    ("help", BuiltIn::Help),
    ("version", BuiltIn::Version),
    ("help-long", BuiltIn::HelpLong),
    ("help-compact", BuiltIn::HelpCompact),
    ("help-man", BuiltIn::HelpMan),
    ("help-llm", BuiltIn::HelpMarkdown),
    ("fisk-introspect", BuiltIn::Introspect),
    ("completion-script-bash", BuiltIn::ScriptBash),
    ("completion-script-zsh", BuiltIn::ScriptZsh),
    ("completion-script-fish", BuiltIn::ScriptFish),
    ("completion-script-elvish", BuiltIn::ScriptElvish),
    ("completion-script-powershell", BuiltIn::ScriptPowerShell),
];
