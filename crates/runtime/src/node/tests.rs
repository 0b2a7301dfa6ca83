//! Tests of a whole node: real threads, real time.
