//! Validators of SNS messages in Python, JavaScript and Java, run by pytest: they judge what the server signed.
//!
//! The server has to be called as AWS is, so the suite starts one with the settings for that, and a TLS front
//! under its name on port 443 of an address of its own. That takes root, or a lower bound for the ports that
//! need it; where the port cannot be had, this is skipped.
//!
//! Python packages lie in an environment of their own, the others in `validators` below the target directory.

use super::{Client, Run, clean_command, install_once, java, javascript};
use crate::{python, tree};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

pub(super) const CLIENT: Client = Client {
    name: "validators",
    needs: &["python3", "node", "npm", "javac", "java", "keytool", "mvn"],
    install,
    run: Run::Alone(run),
};

const DIRECTORY: &str = "tests/validators";
const REQUIREMENTS: &str = "tests/validators/requirements.txt";
const JARS: &str = "tests/validators/pom.xml";
/// Where the front listens; `tests/endpoints/tls_front.py` has the same.
const FRONT: &str = "127.53.78.83:443";

fn installed() -> PathBuf {
    tree::target().join("validators")
}

fn install() -> Result<(), String> {
    TcpListener::bind(FRONT).map_err(|e| format!("nothing can listen on {FRONT}: {e}"))?;
    java::demand_compiler()?;
    python::environment("validators", REQUIREMENTS)?;
    let sources = tree::root().join(DIRECTORY);
    let wanted = javascript::wanted(&sources)? + &tree::read(&tree::root().join(JARS))?;
    let directory = installed();
    install_once(&directory, &wanted, || {
        javascript::packages(&sources, &directory)?;
        java::copy_jars(JARS, &directory)
    })
}

fn run(binary: &Path, shards: u32) -> Result<u32, String> {
    tree::fresh("client-validators")?;
    let mut interpreter = clean_command(&python::environment("validators", REQUIREMENTS)?);
    // Settings of whoever runs it do not reach the server, which the suite starts without them.
    interpreter.env("POSTRIDER_BIN", binary).env("POSTRIDER_SHARDS", shards.to_string());
    interpreter.env("POSTRIDER_VALIDATORS", installed());
    super::python::pytest("validators", &mut interpreter)
}
