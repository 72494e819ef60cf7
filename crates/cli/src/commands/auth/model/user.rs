//! The model of `nats auth user`.

use crate::commands::auth::user;
use crate::model::*;

/// What a user may do.
const USER_LIMITS: &[Flag] = &[
    text("operator", "Operator to work in"),
    negatable(
        "bearer",
        "Allow tokens that need no signature of the user's key",
    ),
    int(
        "data",
        "Most bytes the user may send in total, -1 for no limit",
    )
    .default("-1"),
    text("locale", "Locale of the user's time limits"),
    int("payload", "Most bytes of a message, -1 for no limit").default("1048576"),
    text("pub-allow", "Subjects that may be published to").list(),
    text("pub-deny", "Subjects that may not be published to").list(),
    text("sub-allow", "Subjects that may be subscribed to").list(),
    text("sub-deny", "Subjects that may not be subscribed to").list(),
    int("subscriptions", "Most subscriptions, -1 for no limit").default("-1"),
    text("tags", "Tags to add").list(),
];

/// `nats auth user`.
pub(super) const USER: Command = Command::new("user", "Users")
    .aliases(&["u", "usr", "users"])
    .commands(&[
        USER_ADD,
        USER_INFO,
        USER_EDIT,
        USER_LS,
        USER_RM,
        USER_CREDENTIAL,
    ]);

/// `nats auth user add`.
const USER_ADD: Command = Command::new("add", "Make a user")
    .aliases(&["create", "new"])
    .args(&[arg("name", "Its name"), optional("account", "The account")])
    .flags(&[
        &[text("key", "Key that signs: a public key or a role")],
        USER_LIMITS,
        &[
            switch("force", "Overwrite a file that is there").short('f'),
            text("credential", "File for the user's credentials"),
            switch("defaults", "Take the default answer to every question"),
        ],
    ])
    .run(user::add);

/// `nats auth user info`.
const USER_INFO: Command = Command::new("info", "Show a user")
    .aliases(&["i", "show", "view"])
    .args(&[
        optional("name", "Its name"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(user::info);

/// `nats auth user edit`.
const USER_EDIT: Command = Command::new("edit", "Change a user")
    .aliases(&["update"])
    .args(&[
        optional("name", "Its name"),
        optional("account", "The account"),
    ])
    .flags(&[
        USER_LIMITS,
        &[
            text("no-tags", "Tags to remove").list(),
            text("credential", "File for the user's credentials"),
        ],
    ])
    .run(user::edit);

/// `nats auth user ls`.
const USER_LS: Command = Command::new("ls", "List users")
    .args(&[optional("account", "The account")])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("names", "Print names only"),
    ]])
    .run(user::list);

/// `nats auth user rm`.
const USER_RM: Command = Command::new("rm", "Remove a user")
    .args(&[
        optional("name", "Its name"),
        optional("account", "The account"),
    ])
    .flags(&[&[
        text("operator", "Operator to work in"),
        switch("revoke", "Revoke the user's credentials too"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(user::remove);

/// `nats auth user credential`.
const USER_CREDENTIAL: Command =
    Command::new("credential", "Write the credentials of a user to a file")
        .aliases(&["cred", "creds"])
        .args(&[
            arg("file", "File to write"),
            optional("name", "Its name"),
            optional("account", "The account"),
        ])
        .flags(&[&[
            duration("expire", "Time after which the credential ends"),
            text("operator", "Operator to work in"),
            switch("force", "Overwrite a file that is there").short('f'),
        ]])
        .run(user::credential);
