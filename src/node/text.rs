//! A JavaScript string on its way in.

use std::{cell::Cell, ptr};

use napi::{
    Status,
    bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue, ValueType},
    sys,
};

/// Texts up to this size cross in one call: asking for the length first means reading them twice.
const ROOM: usize = 64 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

pub struct JsText(pub String);

impl TypeName for JsText {
    fn type_name() -> &'static str {
        "String"
    }
    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ValidateNapiValue for JsText {}

impl FromNapiValue for JsText {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; ROOM].into_boxed_slice());
        // SAFETY: the caller vouches for `env` and `value`.
        let mut length = unsafe { read(env, value, &mut scratch) }?;
        let text = if length + 4 < scratch.len() {
            String::from_utf8_lossy(&scratch[..length]).into_owned()
        } else {
            // SAFETY: as above; without a buffer only the length is told.
            check(unsafe { sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &mut length) })?;
            let mut bytes = vec![0; length + 1];
            // SAFETY: as above.
            let length = unsafe { read(env, value, &mut bytes) }?;
            bytes.truncate(length);
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
        };
        SCRATCH.set(Some(scratch));
        Ok(Self(text))
    }
}

/// Copies as much of a string as fits, and a zero behind it.
///
/// # Safety
/// `env` must be current and `value` a live value of it.
unsafe fn read(env: sys::napi_env, value: sys::napi_value, bytes: &mut [u8]) -> napi::Result<usize> {
    let mut written = 0;
    let (start, room) = (bytes.as_mut_ptr().cast(), bytes.len());
    // SAFETY: `start` points at `room` writable bytes; the rest is the caller's word.
    check(unsafe { sys::napi_get_value_string_utf8(env, value, start, room, &mut written) })?;
    Ok(written)
}

fn check(status: sys::napi_status) -> napi::Result<()> {
    match Status::from(status) {
        Status::Ok => Ok(()),
        other => Err(napi::Error::new(other, "expected a string")),
    }
}
