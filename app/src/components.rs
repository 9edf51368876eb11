//! What pages share. Each component is one small file, works as plain HTML first, and shows its states in the gallery
//! (`/gallery` in development builds).
//!
//! Lists are a [`DataTable`]: numbers have the class `number`, a cell that may be cut `clip`; each row becomes a card on a
//! phone (see `style/tables.css`).

pub mod button;
pub mod called_back;
pub mod confirm;
pub mod data_table;
pub mod dialog;
pub mod empty_state;
pub mod form;
pub mod icon;
pub mod loaded;
pub mod moment;
pub mod notice;
pub mod page_header;
pub mod pager;
pub mod progress;
pub mod skeleton;
pub mod status_badge;
pub mod taken_over;
pub mod tile;
pub mod toasts;
pub mod tone;

pub use button::{IconButton, LinkButton};
pub use called_back::CalledBack;
pub use confirm::Confirm;
pub use data_table::{Column, DataTable};
pub use dialog::Dialog;
pub use empty_state::EmptyState;
pub use icon::Icon;
pub use loaded::Loaded;
pub use moment::{CallTimer, Duration, Moment, Now, duration_text, iso_text, utc_text};
pub use notice::{Notice, Problem};
pub use page_header::PageHeader;
pub use pager::Pager;
pub use progress::{Meter, ProgressBar, grouped};
pub use skeleton::Skeleton;
pub use status_badge::{HasLook, Look, StatusBadge};
pub use taken_over::once_taken_over;
pub use tile::{Sparkline, Tile};
pub use toasts::{ToastCorner, Toasts, provide_toasts};
pub use tone::Tone;
