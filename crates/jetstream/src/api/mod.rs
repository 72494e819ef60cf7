//! The JSON API: subjects, bodies, replies, and what is answered without a
//! stream (jetstream-api.md).

mod body;
mod create;
mod endpoint;
mod reply;

pub use body::{Body, is_empty_object};
pub use create::read_create_request;
pub use endpoint::{Endpoint, Scope};
pub use reply::{
    Empty, ListPage, NamesPage, Paged, list_page, names_page, page, push_error, push_reply, refuse,
    refuse_uncounted, too_many_requests,
};
pub(crate) use reply::{INFOS_PER_PAGE, TYPE_PREFIX};
