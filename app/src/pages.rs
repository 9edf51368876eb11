//! The pages, one file each. The routes that lead to them are in [`crate::app`].

pub mod account;
mod address;
pub mod audit;
pub mod campaign;
pub mod campaign_editor;
pub mod campaign_manager;
pub mod campaigns;
pub mod conversation;
pub mod conversations;
pub mod dashboard;
pub mod do_not_call;
pub mod gallery;
pub mod import_progress;
pub mod lead_import;
pub mod leads;
pub mod monitor;
pub mod not_found;
pub mod rehearsal;
pub mod settings;
pub mod sign_in;
mod turn_times;
pub mod users;
pub mod welcome;
