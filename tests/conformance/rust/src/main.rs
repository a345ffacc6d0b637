//! One call of the `hf-hub` crate per process: `hub-driver CALL '{"json": "arguments"}'` with
//! HF_ENDPOINT, HF_TOKEN and HF_HUB_CACHE from the environment; prints the result as JSON.
//! An error goes to stdout as {"error": "...", "kind": "..."} with exit status 1.

use hf_hub::repository::{AddSource, CommitOperation, RepoTypeAny};
use hf_hub::{HFClient, HFError, HFResult, split_id};
use serde_json::{Value, json};

fn text(args: &Value, key: &str) -> Option<String> {
    args[key].as_str().map(str::to_string)
}

fn list(args: &Value, key: &str) -> Option<Vec<String>> {
    let items = args[key].as_array()?;
    Some(items.iter().filter_map(|v| v.as_str().map(str::to_string)).collect())
}

fn kind(args: &Value) -> RepoTypeAny {
    match args["kind"].as_str() {
        Some("dataset") => RepoTypeAny::Dataset,
        Some("space") => RepoTypeAny::Space,
        _ => RepoTypeAny::Model,
    }
}

fn operations(args: &Value) -> Vec<CommitOperation> {
    let mut out = Vec::new();
    for (path, content) in args["add"].as_object().into_iter().flatten() {
        let bytes = content.as_str().unwrap_or_default().as_bytes().to_vec();
        out.push(CommitOperation::add_bytes(path.as_str(), bytes));
    }
    for path in list(args, "delete").unwrap_or_default() {
        out.push(CommitOperation::delete(path));
    }
    out
}

fn call(name: &str, args: &Value) -> HFResult<Value> {
    // The call's name travels in the user agent, so that the access log shows who asked.
    let client = HFClient::builder()
        .user_agent(format!("hf-hub/1.0.0; call={name}"))
        .retry_max_attempts(0)
        .build_sync()?;
    let id = text(args, "repo").unwrap_or_default();
    let (owner, short) = split_id(&id);
    let repo = client.repository(kind(args), owner, short);
    let rev = text(args, "revision");
    let file = text(args, "file").unwrap_or_default();
    Ok(match name {
        "whoami" => json!(client.whoami().send()?.username),
        "create_repository" => {
            let made = client
                .create_repository()
                .repo_id(&id)
                .repo_type(kind(args))
                .maybe_private(args["private"].as_bool())
                .exist_ok(args["exist_ok"].as_bool().unwrap_or(false))
                .maybe_space_sdk(text(args, "sdk"))
                .send()?;
            json!(made.url)
        }
        "delete_repository" => {
            client.delete_repository().repo_id(&id).repo_type(kind(args)).send()?;
            json!(null)
        }
        "exists" => json!(repo.exists().send()?),
        "revision_exists" => json!(repo.revision_exists().revision(&rev.unwrap_or_default()).send()?),
        "file_exists" => json!(repo.file_exists().filename(&file).maybe_revision(rev.as_deref()).send()?),
        "update_settings" => {
            repo.update_settings().maybe_private(args["private"].as_bool()).send()?;
            json!(null)
        }
        "info" => {
            let model = client.model(owner, short);
            let found = model.info().maybe_revision(rev).maybe_expand(list(args, "expand")).send()?;
            serde_json::to_value(found).expect("info is JSON")
        }
        "dataset_info" => {
            let data = client.dataset(owner, short);
            let found = data.info().maybe_revision(rev).maybe_expand(list(args, "expand")).send()?;
            serde_json::to_value(found).expect("info is JSON")
        }
        "list_models" => {
            let found = client
                .list_models()
                .maybe_author(text(args, "author"))
                .maybe_search(text(args, "search"))
                .maybe_sort(text(args, "sort"))
                .maybe_full(args["full"].as_bool())
                .maybe_limit(args["limit"].as_u64().map(|n| n as usize))
                .send()?;
            json!(found.iter().map(|m| m.id.clone()).collect::<Vec<_>>())
        }
        "list_datasets" => {
            let found = client.list_datasets().maybe_author(text(args, "author")).send()?;
            json!(found.iter().map(|m| m.id.clone()).collect::<Vec<_>>())
        }
        "list_spaces" => {
            let found = client.list_spaces().maybe_author(text(args, "author")).send()?;
            json!(found.iter().map(|m| m.id.clone()).collect::<Vec<_>>())
        }
        "list_tree" => {
            let found = repo
                .list_tree()
                .maybe_revision(rev)
                .recursive(args["recursive"].as_bool().unwrap_or(false))
                .expand(args["expand"].as_bool().unwrap_or(false))
                .send()?;
            serde_json::to_value(found).expect("entries are JSON")
        }
        "get_paths_info" => {
            let paths = list(args, "paths").unwrap_or_default();
            let found = repo.get_paths_info().paths(paths).maybe_revision(rev).send()?;
            serde_json::to_value(found).expect("entries are JSON")
        }
        "get_file_metadata" => {
            let found = repo.get_file_metadata().filepath(file).maybe_revision(rev.as_deref()).send()?;
            json!({"etag": found.etag, "commit": found.commit_hash, "size": found.file_size})
        }
        "download_file" => {
            let path = repo
                .download_file()
                .filename(file)
                .maybe_revision(rev)
                .local_files_only(args["offline"].as_bool().unwrap_or(false))
                .send()?;
            json!(path)
        }
        "download_range" => {
            let (a, b) = (args["from"].as_u64().unwrap_or(0), args["to"].as_u64().unwrap_or(0));
            let bytes = repo.download_file_to_bytes().filename(file).range(a..b).send()?;
            json!(String::from_utf8_lossy(&bytes))
        }
        "snapshot_download" => {
            let path = repo
                .snapshot_download()
                .maybe_revision(rev)
                .maybe_allow_patterns(list(args, "allow"))
                .send()?;
            json!(path)
        }
        "create_commit" => {
            let made = repo
                .create_commit()
                .operations(operations(args))
                .commit_message("by the Rust client")
                .maybe_parent_commit(text(args, "parent"))
                .send()?;
            json!({"oid": made.commit_oid, "url": made.commit_url})
        }
        "upload_file" => {
            let bytes = text(args, "content").unwrap_or_default().into_bytes();
            let made = repo.upload_file().source(AddSource::bytes(bytes)).path_in_repo(file).send()?;
            json!({"oid": made.commit_oid, "url": made.commit_url})
        }
        "upload_folder" => {
            let folder = text(args, "folder").unwrap_or_default();
            let made = repo.upload_folder().folder_path(folder).send()?;
            json!({"oid": made.commit_oid, "url": made.commit_url})
        }
        "delete_file" => json!(repo.delete_file().path_in_repo(file).send()?.commit_oid),
        "delete_folder" => json!(repo.delete_folder().path_in_repo(file).send()?.commit_oid),
        "list_commits" => {
            let found = repo.list_commits().maybe_revision(rev).send()?;
            json!(found.iter().map(|c| json!([c.id, c.title])).collect::<Vec<_>>())
        }
        "list_refs" => {
            let found = repo.list_refs().send()?;
            let names = |refs: &[hf_hub::repository::GitRefInfo]| {
                json!(refs.iter().map(|r| json!([r.name, r.target_commit])).collect::<Vec<_>>())
            };
            json!({"branches": names(&found.branches), "tags": names(&found.tags)})
        }
        "create_branch" => {
            repo.create_branch().branch(&file).maybe_revision(rev).send()?;
            json!(null)
        }
        "delete_branch" => {
            repo.delete_branch().branch(&file).send()?;
            json!(null)
        }
        "create_tag" => {
            repo.create_tag().tag(&file).maybe_revision(rev.as_deref()).send()?;
            json!(null)
        }
        "delete_tag" => {
            repo.delete_tag().tag(&file).send()?;
            json!(null)
        }
        _ => return Err(HFError::InvalidParameter(format!("the driver knows no call {name}"))),
    })
}

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let args: Value = serde_json::from_str(&std::env::args().nth(2).unwrap_or("{}".into()))
        .expect("the second argument is JSON");
    match call(&name, &args) {
        Ok(result) => println!("{result}"),
        Err(err) => {
            let kind = format!("{err:?}");
            let kind = kind.split([' ', '(', '{']).next().unwrap_or_default().to_string();
            println!("{}", json!({"error": err.to_string(), "kind": kind}));
            std::process::exit(1);
        }
    }
}
