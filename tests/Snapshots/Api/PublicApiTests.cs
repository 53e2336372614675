using System.Reflection;

namespace Functional.Tests.Snapshots.Api;

/// <summary>How an API is told.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task One_of_each_kind() => Verify(PublicApi.Of(
        typeof(ApiExamples).GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic)
            .SelectMany(static t => t.GetNestedTypes().Append(t)).Append(typeof(ApiExamples))));
}
