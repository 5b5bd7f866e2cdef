//! Query parameters: an unknown one is refused, because a misspelt filter must not be ignored.

use std::num::NonZeroU8;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use sallyport::{store::Paging, text};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::{api::problem::Problem, state::AppState};

const MOST: u8 = 100;
const USUAL: u8 = 25;

/// The parameters of a query.
pub struct QueryParams<T>(pub T);

/// The parameters of an endpoint.
pub trait Parameters: DeserializeOwned {
    /// A sentence about them, for errors.
    const FIELDS: &str;
}

impl<T: Parameters> FromRequestParts<AppState> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|_| Problem::bad_request(T::FIELDS))
    }
}

/// No parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

impl Parameters for NoParams {
    const FIELDS: &str = "This endpoint takes no query parameters.";
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Entries at most.
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, default = 25, nullable = false)]
    limit: Option<NonZeroU8>,
    /// The `next_cursor` of the previous part.
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<String>,
}

impl Parameters for PageParams {
    const FIELDS: &str =
        "The query takes limit (1 to 100) and cursor (the next_cursor of the previous part), each once.";
}

impl PageParams {
    pub fn paging(&self) -> Result<Paging, Problem> {
        Paging::parse(limit(self.limit)?, self.cursor.as_deref()).ok_or_else(no_cursor)
    }
}

pub fn limit(asked: Option<NonZeroU8>) -> Result<u8, Problem> {
    match asked.map_or(USUAL, NonZeroU8::get) {
        limit @ ..=MOST => Ok(limit),
        _ => Err(Problem::bad_request("The limit is 100 at most.")),
    }
}

pub fn no_cursor() -> Problem {
    Problem::bad_request("That is not a cursor of this list; send the next_cursor of the previous response unchanged.")
}

/// Text to search for. PostgreSQL refuses some characters with an error; stored values never contain them.
pub fn word(name: &'static str, asked: Option<String>) -> Result<String, Problem> {
    let refused = |_| Problem::bad_request(format!("The parameter {name} is one line of at most 100 characters."));
    text::optional_line(name, &asked.unwrap_or_default(), 100).map_err(refused)
}

/// `true` and `false`, or `1` and `0` as in forms.
pub fn flag<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    match String::deserialize(reader)?.as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(serde::de::Error::custom("true or false")),
    }
}
