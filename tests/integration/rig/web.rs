//! A web server that resumes and breaks off, as far-away ones do.

use std::{
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

pub struct Web {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub url: String,
}

impl Web {
    /// Serves `file`; the first `breaks` answers stop in the middle.
    pub fn serve(file: &Path, breaks: u32) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/rig/web.py");
        let mut process = Command::new("python3")
            .arg(script)
            .arg(file)
            .arg(breaks.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is installed by scripts/setup.sh");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap();
        Self { process, lines, url: format!("http://127.0.0.1:{port}/file") }
    }

    /// Ends it, and gives what was asked of it: `whole`, or a range.
    pub fn requests(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.lines.by_ref().map(Result::unwrap).collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // Already ended where a test asked for the requests.
        self.process.kill().ok();
        self.process.wait().unwrap();
    }
}
