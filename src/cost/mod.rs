//! Prices, the ledger and budgets.

pub mod accountant;
pub mod budget;
pub mod calendar;
pub mod ledger;
pub mod ledger_file;
pub mod price;
pub mod price_table;
