//! Requests that create consumers, as far as they can be judged without the
//! stream (jetstream-consumers.md 3.2).

use super::Endpoint;
use crate::config::consumer::ConsumerRequest;
use crate::config::has_path_separator;
use crate::error::ApiError;
use crate::error::catalogue as errors;
use crate::header;
use crate::json::Strictness;

/// Reads and checks a request. `config.name` is the name that the subject
/// gives, if it gives one.
///
/// # Errors
/// The first rule that is broken.
pub fn read_create_request(
    endpoint: &Endpoint<'_>,
    header: &[u8],
    body: &[u8],
    strictness: Strictness,
) -> Result<ConsumerRequest, ApiError> {
    let Endpoint::ConsumerCreate {
        stream,
        consumer,
        filter,
        durable,
    } = *endpoint
    else {
        return Err(errors::BAD_REQUEST);
    };
    let mut request = ConsumerRequest::parse(body.trim_ascii(), strictness)
        .map_err(|error| errors::INVALID_JSON.with(error))?;
    if !header::level_is_supported(header) {
        return Err(errors::REQUIRED_API_LEVEL);
    }
    if request.stream_name != stream {
        return Err(errors::STREAM_MISMATCH);
    }
    let config = &mut request.config;
    if has_path_separator(consumer.unwrap_or(&config.name)) {
        return Err(errors::CONSUMER_NAME_CONTAINS_PATH_SEPARATORS);
    }
    match consumer {
        Some(consumer) => {
            if durable && config.durable_name.is_empty() {
                return Err(errors::CONSUMER_DURABLE_NAME_NOT_SET);
            }
            if !config.durable_name.is_empty() && config.durable_name != consumer {
                return Err(errors::CONSUMER_DURABLE_NAME_NOT_MATCH_SUBJECT);
            }
            consumer.clone_into(&mut config.name);
        }
        None if !config.durable_name.is_empty() => {
            return Err(errors::CONSUMER_EPHEMERAL_WITH_DURABLE_NAME);
        }
        None => {}
    }
    if let Some(filter) = filter {
        if !config.filter_subjects.is_empty() {
            return Err(errors::CONSUMER_MULTIPLE_FILTERS_NOT_ALLOWED);
        }
        if config.filter_subject != filter {
            return Err(errors::CONSUMER_CREATE_FILTER_SUBJECT_MISMATCH);
        }
    }
    if config.num_replicas > 1 {
        return Err(errors::STREAM_REPLICAS_NOT_SUPPORTED);
    }
    Ok(request)
}
