//! The model of `nats auth account`.

use crate::commands::auth::account;
use crate::commands::auth::{exports, imports, mappings, resolver, scopes};
use crate::model::*;

/// Limits of an account.
const LIMITS: &[Flag] = &[
    negatable(
        "bearer",
        "Allow tokens that need no signature of the user's key",
    )
    .default("false"),
    int("connections", "Most connections, -1 for no limit").default("-1"),
    duration("expiry", "Time after which the account ends").value_name("DURATION"),
    int("exports", "Most exports, -1 for no limit").default("-1"),
    int("imports", "Most imports, -1 for no limit").default("-1"),
    negatable("jetstream", "Enable JetStream").default("false"),
    int("js-consumers", "Most consumers, -1 for no limit").default("-1"),
    text("js-disk", "Most file storage of the account").value_name("BYTES"),
    text("js-disk-stream", "Most file storage of a stream")
        .value_name("BYTES")
        .default("-1"),
    int(
        "js-max-pending",
        "Most unacknowledged messages of a consumer",
    )
    .value_name("MESSAGES"),
    text("js-memory", "Most memory storage of the account").value_name("BYTES"),
    text("js-memory-stream", "Most memory storage of a stream")
        .value_name("BYTES")
        .default("-1"),
    switch("js-stream-size-required", "Streams must have a size limit"),
    int("js-streams", "Most streams, -1 for no limit").default("-1"),
    choice(
        "js-cluster-traffic",
        &["owner", "system"],
        "Account that carries the Raft traffic of its assets",
    )
    .value_name("ACCOUNT"),
    int("leafnodes", "Most leaf node connections, -1 for no limit").default("-1"),
    text("payload", "Most bytes of a message, -1 for no limit")
        .value_name("BYTES")
        .default("-1"),
    int("subscriptions", "Most subscriptions, -1 for no limit").default("-1"),
    text("tags", "Tags to add").list(),
];

/// `nats auth account`.
pub(super) const ACCOUNT: Command = Command::new("account", "Accounts")
    .aliases(&["a", "acct", "act"])
    .commands(&[
        ACCOUNT_ADD,
        ACCOUNT_INFO,
        ACCOUNT_EDIT,
        ACCOUNT_LS,
        ACCOUNT_PUSH,
        ACCOUNT_QUERY,
        ACCOUNT_IMPORTS,
        ACCOUNT_EXPORTS,
        ACCOUNT_KEYS,
        ACCOUNT_MAPPINGS,
    ]);

/// `nats auth account add`.
const ACCOUNT_ADD: Command = Command::new("add", "Make an account")
    .aliases(&["create", "new"])
    .args(&[optional("account", "The account")])
    .flags(&[
        &[
            text("operator", "Operator to work in"),
            text("key", "Public key of the operator that signs the account"),
        ],
        LIMITS,
        &[switch(
            "defaults",
            "Take the default answer to every question",
        )],
    ])
    .run(account::add);

/// `nats auth account info`.
const ACCOUNT_INFO: Command = Command::new("info", "Show an account")
    .aliases(&["i", "show", "view"])
    .args(&[optional("account", "The account")])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(account::info);

/// `nats auth account edit`.
const ACCOUNT_EDIT: Command = Command::new("edit", "Change an account")
    .aliases(&["update"])
    .args(&[optional("account", "The account")])
    .flags(&[&[text("operator", "Operator to work in")], LIMITS])
    .run(account::edit);

/// `nats auth account ls`.
const ACCOUNT_LS: Command = Command::new("ls", "List accounts")
    .args(&[optional("operator", "The operator")])
    .flags(&[&[switch("names", "Print names only")]])
    .run(account::list);

/// `nats auth account push`.
const ACCOUNT_PUSH: Command = Command::new("push", "Send an account to the servers")
    .args(&[optional("account", "The account")])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("show", "Print the content too"),
    ]])
    .run(resolver::push);

/// `nats auth account query`.
const ACCOUNT_QUERY: Command = Command::new("query", "Get an account from the servers")
    .aliases(&["pull"])
    .args(&[
        arg("account", "The account"),
        optional("output", "The file to write"),
    ])
    .flags(&[&[text("operator", "Operator to work in")]])
    .run(resolver::query);

/// `nats auth account imports`.
const ACCOUNT_IMPORTS: Command = Command::new("imports", "Imports of an account")
    .aliases(&["i", "imp", "import"])
    .commands(&[
        ACCOUNT_IMPORTS_ADD,
        ACCOUNT_IMPORTS_INFO,
        ACCOUNT_IMPORTS_EDIT,
        ACCOUNT_IMPORTS_LS,
        ACCOUNT_IMPORTS_RM,
        ACCOUNT_IMPORTS_KV,
    ]);

/// `nats auth account imports add`.
const ACCOUNT_IMPORTS_ADD: Command = Command::new("add", "Add an import")
    .aliases(&["new", "a", "n"])
    .args(&[
        arg("name", "Its name"),
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("source", "Name or public key of the account that exports"),
        text("local", "Subject under which the import appears"),
        switch("share", "Share connection information with the exporter"),
        switch("traceable", "Allow messages to be traced across the import"),
        switch("service", "A service instead of a stream of messages"),
        text("operator", "Operator to work in"),
    ]])
    .run(imports::add);

/// `nats auth account imports info`.
const ACCOUNT_IMPORTS_INFO: Command = Command::new("info", "Show an import")
    .aliases(&["i", "show", "view"])
    .args(&[
        optional("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(imports::info);

/// `nats auth account imports edit`.
const ACCOUNT_IMPORTS_EDIT: Command = Command::new("edit", "Change an import")
    .aliases(&["update"])
    .args(&[
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("local", "Subject under which the import appears"),
        switch("share", "Share connection information with the exporter"),
        switch("traceable", "Allow messages to be traced across the import"),
        text("operator", "Operator to work in"),
    ]])
    .run(imports::edit);

/// `nats auth account imports ls`.
const ACCOUNT_IMPORTS_LS: Command = Command::new("ls", "List imports")
    .aliases(&["list"])
    .args(&[
        optional("account", "The account"),
        optional("operator", "The operator"),
    ])
    .run(imports::list);

/// `nats auth account imports rm`.
const ACCOUNT_IMPORTS_RM: Command = Command::new("rm", "Remove an import")
    .args(&[
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(imports::remove);

/// `nats auth account imports kv`.
const ACCOUNT_IMPORTS_KV: Command = Command::new("kv", "Import a Key-Value bucket")
    .hidden()
    .args(&[
        arg("bucket", "The bucket"),
        arg("prefix", "Prefix of the subjects"),
        arg("source", "Name or public key of the account that exports"),
    ])
    .run(imports::add_bucket);

/// `nats auth account exports`.
const ACCOUNT_EXPORTS: Command = Command::new("exports", "Exports of an account")
    .aliases(&["e", "exp", "export"])
    .commands(&[
        ACCOUNT_EXPORTS_ADD,
        ACCOUNT_EXPORTS_INFO,
        ACCOUNT_EXPORTS_EDIT,
        ACCOUNT_EXPORTS_LS,
        ACCOUNT_EXPORTS_RM,
        ACCOUNT_EXPORTS_KV,
    ]);

/// `nats auth account exports add`.
const ACCOUNT_EXPORTS_ADD: Command = Command::new("add", "Add an export")
    .aliases(&["new", "a", "n"])
    .args(&[
        arg("name", "Its name"),
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        text("description", "Free text that describes it"),
        url("url", "URL with more information"),
        uint(
            "token-position",
            "Position of the token that names the importing account",
        ),
        switch("advertise", "Advertise the export"),
        switch("service", "A service instead of a stream of messages"),
    ]])
    .run(exports::add);

/// `nats auth account exports info`.
const ACCOUNT_EXPORTS_INFO: Command = Command::new("info", "Show an export")
    .aliases(&["i", "show", "view"])
    .args(&[
        optional("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(exports::info);

/// `nats auth account exports edit`.
const ACCOUNT_EXPORTS_EDIT: Command = Command::new("edit", "Change an export")
    .aliases(&["update"])
    .args(&[
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        text("description", "Free text that describes it"),
        url("url", "URL with more information"),
        uint(
            "token-position",
            "Position of the token that names the importing account",
        ),
        negatable("advertise", "Advertise the export"),
    ]])
    .run(exports::edit);

/// `nats auth account exports ls`.
const ACCOUNT_EXPORTS_LS: Command = Command::new("ls", "List exports")
    .aliases(&["list"])
    .args(&[optional("account", "The account")])
    .flags(&[&[text("operator", "Operator to work in")]])
    .run(exports::list);

/// `nats auth account exports rm`.
const ACCOUNT_EXPORTS_RM: Command = Command::new("rm", "Remove an export")
    .args(&[
        arg("subject", "The subject"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(exports::remove);

/// `nats auth account exports kv`.
const ACCOUNT_EXPORTS_KV: Command = Command::new("kv", "Export a Key-Value bucket")
    .hidden()
    .args(&[arg("bucket", "The bucket")])
    .run(exports::add_bucket);

/// `nats auth account keys`.
const ACCOUNT_KEYS: Command = Command::new("keys", "Scoped signing keys of an account")
    .aliases(&["sk", "s"])
    .commands(&[
        ACCOUNT_KEYS_ADD,
        ACCOUNT_KEYS_INFO,
        ACCOUNT_KEYS_LS,
        ACCOUNT_KEYS_RM,
    ]);

/// `nats auth account keys add`.
const ACCOUNT_KEYS_ADD: Command = Command::new("add", "Add a scoped signing key")
    .aliases(&["new", "a", "n"])
    .args(&[
        optional("account", "The account"),
        optional("role", "Name of the role"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        text("description", "Free text that describes it"),
        int("subscriptions", "Most subscriptions, -1 for no limit").default("-1"),
        text("payload", "Most bytes of a message, -1 for no limit").value_name("BYTES"),
        negatable(
            "bearer",
            "Allow tokens that need no signature of the user's key",
        )
        .default("false"),
        text("locale", "Locale of the user's time limits"),
        choice(
            "connection",
            &["nats", "ws", "leaf", "wsleaf", "mqtt"],
            "Connection type the user may use",
        )
        .list(),
        text("pub-allow", "Subjects that may be published to").list(),
        text("pub-deny", "Subjects that may not be published to").list(),
        text("sub-allow", "Subjects that may be subscribed to").list(),
        text("sub-deny", "Subjects that may not be subscribed to").list(),
    ]])
    .run(scopes::add);

/// `nats auth account keys info`.
const ACCOUNT_KEYS_INFO: Command = Command::new("info", "Show a scoped signing key")
    .aliases(&["i", "show", "view"])
    .args(&[
        optional("account", "The account"),
        optional("key", "The key"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(scopes::info);

/// `nats auth account keys ls`.
const ACCOUNT_KEYS_LS: Command = Command::new("ls", "List scoped signing keys")
    .aliases(&["list"])
    .args(&[optional("account", "The account")])
    .flags(&[&[text("operator", "Operator to work in")]])
    .run(scopes::list);

/// `nats auth account keys rm`.
const ACCOUNT_KEYS_RM: Command = Command::new("rm", "Remove a scoped signing key")
    .args(&[optional("account", "The account")])
    .flags(&[&[
        text("key", "The key to remove"),
        text("operator", "Operator to work in"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(scopes::remove);

/// `nats auth account mappings`.
const ACCOUNT_MAPPINGS: Command = Command::new("mappings", "Subject mappings of an account")
    .aliases(&["m", "mapping", "map"])
    .commands(&[
        ACCOUNT_MAPPINGS_ADD,
        ACCOUNT_MAPPINGS_LS,
        ACCOUNT_MAPPINGS_RM,
        ACCOUNT_MAPPINGS_INFO,
    ]);

/// `nats auth account mappings add`.
const ACCOUNT_MAPPINGS_ADD: Command = Command::new("add", "Add a mapping")
    .aliases(&["new", "a"])
    .args(&[
        optional("account", "The account"),
        optional("source", "Subjects to map"),
        optional("target", "Subjects are mapped to this"),
        optional("weight", "Share of messages in percent").default("100"),
        optional("cluster", "Cluster that the mapping is for"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        file("config", "Read the mappings from a JSON or YAML file"),
    ]])
    .run(mappings::add);

/// `nats auth account mappings ls`.
const ACCOUNT_MAPPINGS_LS: Command = Command::new("ls", "List mappings")
    .aliases(&["list"])
    .args(&[optional("account", "The account")])
    .flags(&[&[text("operator", "Operator to work in")]])
    .run(mappings::list);

/// `nats auth account mappings rm`.
const ACCOUNT_MAPPINGS_RM: Command = Command::new("rm", "Remove a mapping")
    .args(&[
        optional("account", "The account"),
        optional("source", "Subjects to map"),
    ])
    .flags(&[&[text("operator", "Operator to work in")]])
    .run(mappings::remove);

/// `nats auth account mappings info`.
const ACCOUNT_MAPPINGS_INFO: Command = Command::new("info", "Show a mapping")
    .aliases(&["i", "show", "view"])
    .args(&[
        optional("account", "The account"),
        optional("source", "Subjects to map"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(mappings::info);
