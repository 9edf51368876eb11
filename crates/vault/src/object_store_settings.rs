//! An object store that speaks S3.

use crate::VaultError;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, prefix::PrefixStore};
use std::{fmt, sync::Arc, time::Duration};

/// A request is tried again within this time; after that whoever asked tries again, or tells.
const PATIENCE: Duration = Duration::from_secs(10);
/// No request takes longer.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// Where it is, and who we are there. Shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectStoreSettings {
    pub bucket: String,
    /// Before every name, without a slash at either end.
    pub prefix: String,
    /// `None` for Amazon's own in that region.
    pub endpoint: Option<String>,
    pub region: String,
    /// Id and secret; `None` for the machine's own role.
    pub credentials: Option<(String, String)>,
}

impl ObjectStoreSettings {
    pub(crate) fn open(&self) -> Result<Arc<dyn ObjectStore>, VaultError> {
        // As elsewhere in this program; whoever was first chose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_plain = self
            .endpoint
            .as_ref()
            .is_some_and(|address| address.starts_with("http://"));
        let options = ClientOptions::new()
            .with_allow_http(is_plain)
            .with_connect_timeout(PATIENCE / 2)
            .with_timeout(LONGEST_REQUEST);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_client_options(options)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 3,
                retry_timeout: PATIENCE,
            });
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = &self.credentials {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder.build()?;
        Ok(if self.prefix.is_empty() {
            Arc::new(store)
        } else {
            Arc::new(PrefixStore::new(store, self.prefix.as_str()))
        })
    }
}

impl fmt::Display for ObjectStoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => write!(f, " in {}", self.region),
        }
    }
}

impl fmt::Debug for ObjectStoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectStoreSettings({self})")
    }
}
