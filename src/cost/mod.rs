//! What calls cost: prices, and what is kept of them. Pure: nothing here knows of calls or of files.

pub mod accountant;
pub mod budget;
pub mod calendar;
pub mod ledger;
pub mod ledger_file;
pub mod price;
pub mod price_table;
