/** What stands on frozen features: probes, neighbours, segmentation, depth, retrieval. */
export type {};
