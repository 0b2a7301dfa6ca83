//! Requests to callgrind, which do nothing when the process does not run under it.
//!
//! Valgrind recognises a sequence of instructions that changes nothing, with a register that points to a request. Its
//! headers define it as a macro of C; these few lines are the same without a C compiler and without its headers.

use std::ffi::CString;

/// `VG_USERREQ_TOOL_BASE('C', 'T')`, then in the order of `callgrind.h`.
const BASE: usize = 0x4354_0000;
const ZERO_STATS: usize = BASE + 1;
const TOGGLE_COLLECT: usize = BASE + 2;
const DUMP_STATS_AT: usize = BASE + 3;
const START_INSTRUMENTATION: usize = BASE + 4;
const STOP_INSTRUMENTATION: usize = BASE + 5;

/// Counting becomes possible from here on.
pub fn start_instrumentation() {
    request(START_INSTRUMENTATION, 0);
}

/// Runs about ten times as fast from here on, and nothing is counted.
pub fn stop_instrumentation() {
    request(STOP_INSTRUMENTATION, 0);
}

/// Forgets what was counted.
pub fn zero() {
    request(ZERO_STATS, 0);
}

/// Writes what was counted to a file of its own, under a name.
pub fn dump(name: &str) {
    let name = CString::new(name).expect("names of operations hold no zero");
    request(DUMP_STATS_AT, name.as_ptr() as usize);
}

/// Counts the instructions of `what`; callgrind has to be started with `--collect-atstart=no`.
pub fn counted<T>(what: impl FnOnce() -> T) -> T {
    request(TOGGLE_COLLECT, 0);
    let result = what();
    request(TOGGLE_COLLECT, 0);
    result
}

#[inline(always)]
fn request(code: usize, argument: usize) {
    let request = [code, argument, 0, 0, 0, 0];
    // SAFETY: the rotations add up to whole turns and the exchange is of a register with itself, so on the machine
    // nothing changes but a register that is given up; under valgrind only `request` is read, and for a dump the text
    // that `argument` points to, which the caller keeps alive.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0usize => _,
            inout("rdi") 0usize => _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") request.as_ptr(),
            inout("x3") 0usize => _,
            inout("x12") 0usize => _,
        );
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = request;
        panic!("instructions are counted on x86-64 and on 64-bit ARM only");
    }
}
