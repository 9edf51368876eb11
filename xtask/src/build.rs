//! Builds the server, the WASM and the files beside it into `target/site`.
//!
//! Files under `site/pkg` bear a hash of their content in their names, so browsers may keep them for ever;
//! `site/assets.json` tells the server the names.

use crate::shell::{Outcome, command, exists, root, run, say, target};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

/// What makes the WASM smaller without changing what it does (binaryen).
const WASM_OPT: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];
/// Its npm package's version.
const BINARYEN: &str = "132.0.0";

/// LiveKit's client for browsers, as `frontend/package-lock.json` pins it. Fetched by a browser with the first call that it
/// listens to, so it does not grow the pages.
const LIVEKIT_CLIENT: &str = "node_modules/livekit-client/dist/livekit-client.umd.js";

/// The folder that the server serves.
pub(crate) fn site() -> PathBuf {
    target().join("site")
}

/// Builds everything; returns the server's program.
pub(crate) fn all(release: bool) -> Outcome<PathBuf> {
    let server = server(release)?;
    frontend()?;
    Ok(server)
}

/// Builds the server alone.
pub(crate) fn server(release: bool) -> Outcome<PathBuf> {
    let mut cargo = command("cargo", &["build", "--locked", "--package", "server"]);
    if release {
        cargo.arg("--release");
    }
    // DATABASE_URL, if set, is where the product shall run: it need not have the schema yet.
    cargo.env("SQLX_OFFLINE", "true");
    run(cargo)?;
    Ok(target().join(if release { "release" } else { "debug" }).join("server"))
}

/// Builds the WASM and the files beside it.
pub(crate) fn frontend() -> Outcome {
    let package = [
        "build",
        "--locked",
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--profile",
        "wasm-release",
    ];
    run(command("cargo", &package))?;
    let wasm = target().join("wasm32-unknown-unknown/wasm-release/frontend.wasm");
    let source = read(&wasm)?;
    let livekit_client = livekit_client()?;
    let stamp_file = target().join("site.stamp");
    let stamp = stamp(&source, livekit_client.as_deref())?;
    if fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) && site().join("assets.json").exists() {
        return Ok(());
    }

    let bound = target().join("bound");
    clear(&bound)?;
    let mut bindgen = Bindgen::new();
    bindgen.web(true).map_err(|error| error.to_string())?;
    bindgen
        .input_path(&wasm)
        .out_name("frontend")
        .typescript(false)
        .omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen
        .generate(&bound)
        .map_err(|error| format!("binding the WASM: {error:#}"))?;
    optimise(&bound.join("frontend_bg.wasm"))?;

    clear(&site())?;
    copy_folder(&root().join("public"), &site())?;
    if let Some(client) = livekit_client {
        write(&site().join("livekit-client.js"), &client)?;
    }
    let package = site().join("pkg");
    fs::create_dir_all(&package).map_err(failed("making", &package))?;
    copy_folder(&bound.join("snippets"), &package.join("snippets"))?;
    let assets = serde_json::json!({
        "style": publish(&package, "main", "css", style_sheet()?.as_bytes())?,
        "script": publish(&package, "frontend", "js", &read(&bound.join("frontend.js"))?)?,
        "wasm": publish(&package, "frontend_bg", "wasm", &read(&bound.join("frontend_bg.wasm"))?)?,
    });
    compress_all(&site())?;
    write(&site().join("assets.json"), assets.to_string().as_bytes())?;
    write(&stamp_file, stamp.as_bytes())
}

/// What the site is made from: if it is as it was, nothing is done.
fn stamp(wasm: &[u8], livekit_client: Option<&[u8]>) -> Outcome<String> {
    let mut hasher = Sha256::new();
    hasher.update(wasm);
    hasher.update(livekit_client.unwrap_or_default());
    hasher.update(style_sheet()?);
    for file in files_below(&root().join("public"))? {
        hasher.update(file.to_string_lossy().as_bytes());
        hasher.update(read(&file)?);
    }
    Ok(hex(&hasher.finalize()))
}

/// What browsers join rooms on LiveKit with; `None` where npm cannot get it: the build works without.
fn livekit_client() -> Outcome<Option<Vec<u8>>> {
    let folder = root().join("frontend");
    let installed = folder.join("node_modules/.package-lock.json");
    let wanted = folder.join("package-lock.json");
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    if changed(&installed) < changed(&wanted) {
        let got = if exists("npm") {
            let mut install = command("npm", &["ci", "--no-audit", "--no-fund", "--silent"]);
            install.current_dir(&folder);
            run(install)
        } else {
            Err("Node is not installed".to_owned())
        };
        if let Err(problem) = got {
            say(&format!(
                "note: calls through LiveKit are heard only from the machine that holds them, and nobody can speak in them, \
                 because LiveKit's client for browsers is missing: {problem}"
            ));
            return Ok(None);
        }
    }
    read(&folder.join(LIVEKIT_CLIENT)).map(Some)
}

/// `style/main.css` with its `@import` lines replaced by the files they name.
fn style_sheet() -> Outcome<String> {
    let folder = root().join("style");
    let text = |path: &Path| read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut sheet = String::new();
    for line in text(&folder.join("main.css"))?.lines() {
        match line
            .strip_prefix("@import \"")
            .and_then(|rest| rest.strip_suffix("\";"))
        {
            Some(file) => sheet.push_str(&text(&folder.join(file))?),
            None => sheet.push_str(line),
        }
        sheet.push('\n');
    }
    Ok(sheet)
}

/// Makes the WASM smaller with wasm-opt where Node is there; the build works without.
fn optimise(wasm: &Path) -> Outcome {
    let tools = target().join("tools/binaryen");
    let program = tools.join("node_modules/.bin/wasm-opt");
    if !program.exists() {
        if !exists("npm") {
            say("note: without Node the WASM stays about a third larger");
            return Ok(());
        }
        fs::create_dir_all(&tools).map_err(failed("making", &tools))?;
        write(&tools.join("package.json"), b"{\"private\":true}")?;
        let mut install = command("npm", &["install", "--no-audit", "--no-fund", "--silent"]);
        install.arg(format!("binaryen@{BINARYEN}")).current_dir(&tools);
        if let Err(problem) = run(install) {
            say(&format!("note: the WASM stays about a third larger: {problem}"));
            return Ok(());
        }
    }
    let smaller = wasm.with_extension("smaller.wasm");
    let mut optimise = command(&program.to_string_lossy(), &WASM_OPT);
    optimise.arg(wasm).arg("-o").arg(&smaller);
    run(optimise)?;
    fs::rename(&smaller, wasm).map_err(failed("replacing", wasm))
}

/// Writes a file under a name that bears its hash; returns its address.
fn publish(package: &Path, stem: &str, extension: &str, bytes: &[u8]) -> Outcome<String> {
    let name = format!("{stem}.{}.{extension}", &hex(&Sha256::digest(bytes))[..16]);
    write(&package.join(&name), bytes)?;
    Ok(format!("/pkg/{name}"))
}

/// Puts a `.br` and a `.gz` beside every file that gets smaller by it.
fn compress_all(folder: &Path) -> Outcome {
    for file in files_below(folder)? {
        let bytes = read(&file)?;
        if bytes.len() < 512 {
            continue;
        }
        let beside = |ending: &str| PathBuf::from(format!("{}.{ending}", file.display()));
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, 11, 22);
        brotli.write_all(&bytes).map_err(failed("compressing", &file))?;
        write(&beside("br"), &brotli.into_inner())?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes).map_err(failed("compressing", &file))?;
        write(&beside("gz"), &gzip.finish().map_err(failed("compressing", &file))?)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed<'a>(action: &'a str, path: &'a Path) -> impl Fn(std::io::Error) -> String + 'a {
    move |error| format!("{action} {}: {error}", path.display())
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(failed("reading", path))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes).map_err(failed("writing", path))
}

fn clear(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed("clearing", folder))?;
    }
    fs::create_dir_all(folder).map_err(failed("making", folder))
}

/// Every file below `folder`, in the order of their paths; none if it does not exist.
fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|folder| folder.exists()) {
        for entry in fs::read_dir(&folder).map_err(failed("reading", &folder))? {
            let path = entry.map_err(failed("reading", &folder))?.path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    Ok(files)
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    for file in files_below(from)? {
        let copy = to.join(file.strip_prefix(from).map_err(|error| error.to_string())?);
        let parent = copy.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(failed("making", parent))?;
        fs::copy(&file, &copy).map_err(failed("copying", &file))?;
    }
    Ok(())
}
