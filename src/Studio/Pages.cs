using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Functional.Studio;

/// <summary>The pages and what they are made of, all of it in the program.</summary>
static class Pages
{
    // Only what is in the program runs; pictures' own attributes are the one style that is not in a file.
    const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    static readonly (string Name, string Title)[] pages = [("runs", "Runs"), ("chat", "Chat"), ("annotate", "Annotate"), ("learn", "Learn")];

    static readonly FrozenDictionary<string, (string Type, byte[] Content, string Tag)> files = All().ToFrozenDictionary(static f => f.Path, static f => (f.Type, f.Content, Tag(f.Content)), StringComparer.Ordinal);

    /// <summary>Whether there is a page or a file at a path.</summary>
    public static bool Has(string path) => path == "/" || files.ContainsKey(path);

    /// <summary>Sends a page or a file; false where there is none at the request's path.</summary>
    public static async Task<bool> Send(HttpContext context, CancellationToken stop)
    {
        var (path, response) = (context.Request.Path.Value ?? "", context.Response);
        if (path == "/")
        {
            response.StatusCode = 302;
            response.Headers.Location = $"/{pages[0].Name}";
            return true;
        }
        if (!files.TryGetValue(path, out var file)) return false;
        (response.Headers.ETag, response.Headers.CacheControl, response.Headers.ContentSecurityPolicy) = (file.Tag, "no-cache", Policy);
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = 304;
            return true;
        }
        (response.ContentType, response.ContentLength) = (file.Type, file.Content.Length);
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(file.Content, stop).ConfigureAwait(false);
        return true;
    }

    static IEnumerable<(string Path, string Type, byte[] Content)> All()
    {
        var assembly = typeof(Pages).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(static n => n.StartsWith("studio/", StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var content = new MemoryStream();
            stream.CopyTo(content);
            if (Path.GetExtension(name) != ".html") yield return ($"/{name}", TypeOf(name), content.ToArray());
            else
                foreach (var (page, title) in pages)
                    yield return ($"/{page}", TypeOf(name), Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content.ToArray())
                        .Replace("{{name}}", page, StringComparison.Ordinal).Replace("{{title}}", title, StringComparison.Ordinal)
                        .Replace("{{links}}", string.Concat(pages.Select(p => $"<a href=\"/{p.Name}\"{(p.Name == page ? " aria-current=\"page\"" : "")}>{p.Title}</a>")), StringComparison.Ordinal)));
        }
    }

    static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => throw new InvalidOperationException($"{name} is of no known type"),
    };

    static string Tag(byte[] content) => $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"";
}
