//! What help texts say about templates.

/// A text about templates, and the functions they have: before, between and
/// behind it is what one command has to say.
macro_rules! about_templates {
    ($before:literal, $example:literal, $more:literal) => {
        concat!(
            $before,
            "Bodies and values of headers may be Go templates, filled in for each message:\n\n  ",
            $example,
            "\n\n\
             Functions of templates:\n\n  \
             Count              number of the message\n  \
             TimeStamp          the time in RFC 3339\n  \
             Unix               seconds since 1970\n  \
             UnixNano           nanoseconds since 1970\n  \
             Time               the time of day\n  \
             ID                 a unique id\n",
            $more,
            "  Random MIN MAX     random letters, at least MIN and at most MAX",
        )
    };
}

pub(crate) use about_templates;
