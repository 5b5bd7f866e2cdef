mod connections;
mod invitations;
mod notices;
mod retries;
