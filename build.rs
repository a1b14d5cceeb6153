fn main() {
    #[cfg(feature = "node")]
    {
        napi_build::setup();
        // A worker that ends may unload the addon while its thread still runs: it stays mapped instead.
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
