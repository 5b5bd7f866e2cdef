//! The parts that pages are made of.

mod badge;
mod card;
pub mod chrome;
mod code;
mod dialog;
mod field;
mod filter;
mod frame;
mod group;
mod nav;
mod once;
mod page;
mod palette;
mod select;
mod sidebar;
mod summary;
mod switcher;
mod table;
mod time;
mod topbar;

pub use badge::{Badge, Chip, Notice, Tone};
pub use card::{Card, Empty, Fact, Facts, Stat, Stats};
pub use code::{CodeBlock, CodeTabs, CopyButton, IdChip, cut_middle};
pub use dialog::{Modal, PanelFoot, SidePanel};
pub use field::{CheckField, Hidden, TextArea, TextField};
pub use filter::{FilterBar, FilterCheck, FilterSelect, FilterText, SearchForm};
pub use frame::{BareFrame, Body, ChromeFrame, OpenFrame};
pub use group::{CheckboxGroup, RadioGroup};
pub use nav::{Pager, Tab, Tabs};
pub use once::{OnceDialog, SecretFile};
pub use page::PageHead;
pub use select::{Choice, SelectField};
pub use summary::ErrorSummary;
pub use table::DataTable;
pub use time::When;
