// Every ceiling on what comes from outside, with unit and reason, in one place.
#ifndef SPOKE_BASE_LIMITS_H
#define SPOKE_BASE_LIMITS_H

#define SP_KIB ((size_t)1024)
#define SP_MIB (SP_KIB * 1024)
#define SP_GIB (SP_MIB * 1024)

#define SP_LIM_PATH_BYTES         4096 // a path inside a repo, UTF-8
#define SP_LIM_PATH_SEGMENT_BYTES 255  // NAME_MAX of every common file system
#define SP_LIM_PATH_PARTS         200  // folders of a path: walks hold a descriptor for each level
#define SP_LIM_ETAG_BYTES         240  // becomes a file name plus ".<8hex>.incomplete"
#define SP_LIM_REPO_PART_CHARS    96   // huggingface_hub's validator
#define SP_LIM_REF_BYTES          255  // branch, tag
#define SP_LIM_TOKEN_BYTES        4096
#define SP_LIM_URL_BYTES          (16 * SP_KIB)
#define SP_LIM_HEADERS_BYTES      (32 * SP_KIB)
#define SP_LIM_HEADERS_N          128
#define SP_LIM_JSON_DEPTH         64
#define SP_LIM_JSON_BYTES         (256 * SP_MIB) // a tree page or a listing held in memory
#define SP_LIM_YAML_BYTES         (1 * SP_MIB)   // model card front matter
#define SP_LIM_YAML_DEPTH         32
#define SP_LIM_YAML_NODES         100000 // aliases are refused, so no billion laughs
#define SP_LIM_CONF_FILE_BYTES    (1 * SP_MIB)
#define SP_LIM_SMALL_FILE_BYTES   (64 * SP_KIB) // refs, tokens, metadata files

#endif
