namespace Functional.Engines;

/// <summary>The memory of an engine's device, in bytes.</summary>
/// <param name="Device">The device, such as <c>cpu</c> or <c>cuda:0</c>.</param>
/// <param name="Total">All that it has; on the processor what this process may use.</param>
/// <param name="Free">What can still be had.</param>
/// <param name="Buffers">What the engine's buffers take that are not disposed.</param>
/// <param name="Workspace">What the engine takes beside them.</param>
public sealed record DeviceMemory(string Device, long Total, long Free, long Buffers, long Workspace);
