//! The real writer over the real file log on a disk that fails, driven step by step from one seed.
//!
//! Nothing here runs by itself: no threads, no clock, no randomness but the seed's. [`world`] plays the turn
//! loop and the relay as the runtime does; [`model`] remembers what was asked and what was answered, and
//! says what must be there, what may be, and what must not; [`life`] makes up work, lets power fail in the
//! middle of it, opens everything again and compares. A failure is an error value that names what is wrong;
//! the test adds the seed.
//!
//! For development only: nothing that is shipped depends on it.

pub mod audience;
pub mod dice;
pub mod disk;
pub mod fold;
pub mod life;
pub mod model;
pub mod work;
pub mod world;
