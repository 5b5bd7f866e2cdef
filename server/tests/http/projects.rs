//! `/projects/{project_id}/…`

mod members;
