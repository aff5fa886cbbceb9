"""The directory (danh bạ): contact points, the bodies they serve, mailboxes and keys, each with its dates."""
