//! Boxed futures, for traits that are used as objects.

use std::{future::Future, pin::Pin};

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
