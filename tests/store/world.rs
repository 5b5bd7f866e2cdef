//! An organization with an app, and its owner's act: what several files begin with.

use sallyport::{app::App, audit::Act, key::Key, org::Org, testing::TestStore};

pub struct World {
    pub act: Act,
    pub org: Org,
    pub app: App,
}

pub async fn world(store: &TestStore) -> World {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    World { act, org, app }
}

impl World {
    pub async fn key(&self, store: &TestStore, label: &str) -> Key {
        store.key(&self.act, &self.app, label).await.key
    }
}
