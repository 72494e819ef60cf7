//! Bounds of the configuration language. The reference has none and exhausts
//! memory instead; these are far above any real file.

/// Nesting of maps and arrays, levels; includes and variables add to the level
/// where they stand. Each level costs one stack frame of the parser and of
/// everything that walks the tree, so this is what keeps a hostile file from
/// overflowing the stack.
pub const MAX_DEPTH: usize = 256;

/// What all variables of a file and its includes together stand for, bytes
/// (64 MiB). Each reference is a copy, and a variable made of references to
/// variables grows exponentially with the length of such a chain.
pub const MAX_VARIABLE_BYTES: usize = 64 << 20;

/// Size of one file, bytes (64 MiB).
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Nesting of includes, files. A cycle is found before by its path; this also
/// stops cycles through links.
pub const MAX_INCLUDE_DEPTH: usize = 64;

/// Chain of environment variables that refer to one another, names.
pub const MAX_VARIABLE_DEPTH: usize = 64;
