//! A transport without a network, for tests.

use std::cell::RefCell;

use serde_json::Value;

use super::{
    http::{Body, NoResponse, Request, Response, Transport},
    portal_url::PortalUrl,
};

/// Answers requests in order, and remembers them.
pub struct Script {
    responses: RefCell<std::vec::IntoIter<Result<Response, NoResponse>>>,
    sent: RefCell<Vec<String>>,
}

impl Script {
    pub fn new(responses: Vec<Result<Response, NoResponse>>) -> Self {
        Self { responses: RefCell::new(responses.into_iter()), sent: RefCell::default() }
    }

    /// The requests so far: `POST /v1/orgs sp_pat_1 {"name":"Focus"}`.
    pub fn sent(&self) -> Vec<String> {
        self.sent.borrow().clone()
    }
}

pub fn answer(status: u16, body: Value) -> Result<Response, NoResponse> {
    Ok(Response { status, location: None, body })
}

impl Transport for Script {
    fn send(&self, _: &PortalUrl, request: &Request) -> Result<Response, NoResponse> {
        let mut line = format!("{} {}", request.method, request.path);
        line.extend(request.bearer.iter().map(|token| format!(" {token}")));
        match &request.body {
            Body::Empty => {}
            Body::Json(value) => line += &format!(" {value}"),
            Body::Form(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                line += &format!(" {}", fields.join("&"));
            }
        }
        self.sent.borrow_mut().push(line);
        self.responses.borrow_mut().next().expect("a response for each request")
    }
}
