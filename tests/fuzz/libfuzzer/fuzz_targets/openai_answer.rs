#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (bellwether_fuzz::target_named("openai_answer").run)(bytes);
});
