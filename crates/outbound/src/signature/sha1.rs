//! RSA with SHA-1: what `SignatureVersion` 1 of SNS is, and what `aws-lc-rs` verifies but does not
//! make.
//!
//! The library underneath it does make them, so this calls that directly; it is the only unsafe code
//! of the crate. A whole second RSA implementation would be the alternative.
//!
//! Invariant: `rsa` is a valid RSA private key that this value alone owns, from its making to `drop`,
//! and nothing changes it in between.
#![allow(unsafe_code, reason = "aws-lc-rs has no RSA-SHA1 signing; these five calls into aws-lc-sys are it")]

use std::ffi::{c_long, c_uint};
use std::ptr::{self, NonNull};

use aws_lc_rs::digest;

/// A private key that signs with SHA-1. Freed on drop.
pub(super) struct Signer {
    rsa: NonNull<aws_lc_sys::RSA>,
}

// SAFETY: an RSA object is not tied to the thread that made it, and this value is its only owner.
unsafe impl Send for Signer {}

// SAFETY: the only thing done through a shared reference is `RSA_size` and `RSA_sign`. The library
// declares both non-mutating for thread-safety purposes and usable concurrently (`openssl/rsa.h`,
// "Signing / Verification").
unsafe impl Sync for Signer {}

impl Signer {
    /// Reads an RSA private key in PKCS#8; anything else is `None`.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Option<Signer> {
        let length = c_long::try_from(pkcs8.len()).ok()?;
        let mut input = pkcs8.as_ptr();
        // SAFETY: `input` points to `length` readable bytes, and a null first argument asks for a new
        // object, which is null or ours to free. `EVP_PKEY_get1_RSA` takes a reference of its own to
        // the RSA key inside (null for other kinds of key), so the wrapper can go at once.
        let rsa = unsafe {
            let key = NonNull::new(aws_lc_sys::d2i_AutoPrivateKey(ptr::null_mut(), &raw mut input, length))?;
            let rsa = aws_lc_sys::EVP_PKEY_get1_RSA(key.as_ptr());
            aws_lc_sys::EVP_PKEY_free(key.as_ptr());
            rsa
        };
        NonNull::new(rsa).map(|rsa| Signer { rsa })
    }

    /// Signs the SHA-1 of a message by PKCS#1 v1.5; `None` if the library fails, for want of memory.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
        let hash = hash.as_ref();
        // SAFETY: `rsa` is valid by this type's invariant.
        let size = unsafe { aws_lc_sys::RSA_size(self.rsa.as_ptr()) };
        let mut signature = vec![0_u8; usize::try_from(size).ok()?];
        let mut written: c_uint = 0;
        // SAFETY: `rsa` is valid; the hash is readable for its length; the library writes at most
        // `RSA_size` bytes to `signature`, which has that many, and their number to `written`.
        let done = unsafe {
            aws_lc_sys::RSA_sign(
                aws_lc_sys::NID_sha1,
                hash.as_ptr(),
                hash.len(),
                signature.as_mut_ptr(),
                &raw mut written,
                self.rsa.as_ptr(),
            )
        };
        signature.truncate(usize::try_from(written).ok()?);
        (done == 1).then_some(signature)
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // SAFETY: `rsa` is valid and owned; nothing uses it after this.
        unsafe { aws_lc_sys::RSA_free(self.rsa.as_ptr()) }
    }
}
