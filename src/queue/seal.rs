//! Encrypts stored texts with the user's key: ChaCha20-Poly1305, with a key for each file derived from the
//! user's key and the file's salt, and a random nonce for each text.

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::config::queue::QueueKey;

pub const SALT_BYTES: usize = 16;

/// What a text is for: one does not decrypt as another.
#[derive(Clone, Copy)]
pub enum SealedRole {
    Check,
    Request,
    Result,
}

/// Encrypted with another key, or changed.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The system has no randomness.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRandomness;

pub struct Seal {
    key: Option<LessSafeKey>,
    /// For idempotency keys, so that they cannot be guessed from the file.
    digests: hmac::Key,
}

pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

impl Seal {
    /// Without a key, texts are stored as they are.
    pub fn new(key: Option<&QueueKey>, salt: &[u8]) -> Self {
        let Some(key) = key else {
            return Self { key: None, digests: hmac::Key::new(hmac::HMAC_SHA256, salt) };
        };
        let prk = Salt::new(HKDF_SHA256, salt).extract(key.expose());
        let seal = prk
            .expand(&[b"bellwether queue seal"], &CHACHA20_POLY1305)
            .map(|okm| LessSafeKey::new(UnboundKey::from(okm)))
            .ok();
        let digests = prk
            .expand(&[b"bellwether queue digest"], hmac::HMAC_SHA256)
            .map_or_else(|_| hmac::Key::new(hmac::HMAC_SHA256, key.expose()), hmac::Key::from);
        Self { key: seal, digests }
    }

    pub fn is_on(&self) -> bool {
        self.key.is_some()
    }

    pub fn seal(&self, role: SealedRole, text: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let Some(key) = &self.key else { return Ok(text.to_vec()) };
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = text.to_vec();
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from([role as u8]),
                &mut sealed,
            )
            .map_err(|_| NoRandomness)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    pub fn open(&self, role: SealedRole, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let Some(key) = &self.key else { return Ok(sealed.to_vec()) };
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
        let mut text = text.to_vec();
        let length =
            key.open_in_place(nonce, Aad::from([role as u8]), &mut text).map_err(|_| Unreadable)?.len();
        text.truncate(length);
        Ok(text)
    }

    /// A keyed digest: the same for the same text, and not guessable without the key.
    pub fn digest(&self, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.digests, text).as_ref().to_vec()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "what fails here is what is tested")]
mod tests {
    use super::*;

    fn with(byte: u8) -> Seal {
        Seal::new(Some(&QueueKey::new([byte; 32])), &[9; SALT_BYTES])
    }

    #[test]
    fn opens_with_the_same_key_for_the_same_role_and_file_only() {
        let sealed = with(1).seal(SealedRole::Request, b"a question").unwrap();
        assert!(!sealed.windows(8).any(|w| w == b"question"));
        assert_eq!(with(1).open(SealedRole::Request, &sealed), Ok(b"a question".to_vec()));
        assert_eq!(with(2).open(SealedRole::Request, &sealed), Err(Unreadable));
        assert_eq!(with(1).open(SealedRole::Result, &sealed), Err(Unreadable));
        let elsewhere = Seal::new(Some(&QueueKey::new([1; 32])), &[8; SALT_BYTES]);
        assert_eq!(elsewhere.open(SealedRole::Request, &sealed), Err(Unreadable));
        assert_eq!(elsewhere.open(SealedRole::Request, b"short"), Err(Unreadable));
    }

    #[test]
    fn any_change_is_noticed_and_no_text_is_sealed_alike_twice() {
        let seal = with(1);
        let sealed = seal.seal(SealedRole::Result, b"an answer").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open(SealedRole::Result, &changed), Err(Unreadable), "byte {at}");
        }
        assert_ne!(sealed, seal.seal(SealedRole::Result, b"an answer").unwrap());
    }

    #[test]
    fn digests_are_the_files_own() {
        assert_eq!(with(1).digest(b"k"), with(1).digest(b"k"));
        assert_ne!(with(1).digest(b"k"), with(2).digest(b"k"));
        assert_ne!(Seal::new(None, &[1; 16]).digest(b"k"), Seal::new(None, &[2; 16]).digest(b"k"));
    }
}
