//! Filters of `find`, for streams and for consumers.

use crate::failure::Result;
use crate::output::Json;

/// Whether information passes a filter; the second argument says that the filter
/// is turned round.
pub type Filter = Box<dyn Fn(&Json, bool) -> Result<bool>>;

/// A filter that turned round lets pass what it does not let pass otherwise.
pub fn plain(holds: impl Fn(&Json) -> bool + 'static) -> Filter {
    Box::new(move |info, inverted| Ok(holds(info) != inverted))
}

/// What every filter lets pass. All of them are asked about everything, as one
/// that cannot tell is an error.
pub fn passing(found: Vec<Json>, filters: &[Filter], inverted: bool) -> Result<Vec<Json>> {
    let mut out = Vec::new();
    for info in found {
        let mut passes = true;
        for filter in filters {
            passes &= filter(&info, inverted)?;
        }
        if passes {
            out.push(info);
        }
    }
    Ok(out)
}
