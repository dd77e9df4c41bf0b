/** Programs of the ray marcher (WebGL 2). */

export const VERTEX = `#version 300 es
out vec2 screen;
void main() {
  // One triangle that covers everything.
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  screen = corner * 2.0 - 1.0;
  gl_Position = vec4(screen, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;
in vec2 screen;
out vec4 color;
uniform sampler3D volume;
uniform sampler2D colors;
uniform vec3 halfSize;
uniform vec3 eye;
uniform vec3 right;
uniform vec3 up;
uniform vec3 forward;
uniform vec2 tangent;
uniform float stepSize;
uniform float opacity;
uniform float threshold;
uniform vec3 voxel;
uniform bool maximum;
uniform bool shaded;

// Alpha is what a layer of this thickness (the longest edge being 1) has.
const float LAYER = 1.0 / 80.0;

float fraction(float stored) {
  return (stored * 255.0 - 1.0) / 254.0;
}

vec3 mapped(float f) {
  return texture(colors, vec2(f * ${255 / 256} + ${0.5 / 256}, 0.5)).rgb;
}

// Without it equal steps show as rings.
float noise(vec2 at) {
  return fract(52.9829189 * fract(dot(at, vec2(0.06711056, 0.00583715))));
}

void main() {
  vec3 direction = normalize(forward + screen.x * tangent.x * right + screen.y * tangent.y * up);
  vec3 inverse = 1.0 / (direction + vec3(equal(direction, vec3(0.0))) * 1e-7);
  vec3 a = (-halfSize - eye) * inverse;
  vec3 b = (halfSize - eye) * inverse;
  vec3 low = min(a, b);
  vec3 high = max(a, b);
  float near = max(max(low.x, low.y), max(low.z, 0.0));
  float far = min(high.x, min(high.y, high.z));
  color = vec4(0.0);
  if (far <= near) return;
  float t = near + stepSize * noise(gl_FragCoord.xy);
  float best = 0.0;
  vec3 sum = vec3(0.0);
  float alpha = 0.0;
  vec3 scale = 0.5 / halfSize;
  for (int i = 0; i < 2000; i++) {
    if (t > far) break;
    vec3 place = (eye + t * direction) * scale + 0.5;
    float stored = texture(volume, place).r;
    if (maximum) {
      best = max(best, stored);
      if (best > 0.999) break;
    } else {
      float f = fraction(stored);
      if (f > threshold) {
        float s = (f - threshold) / max(1.0 - threshold, 1e-3);
        float layer = 1.0 - pow(1.0 - min(opacity * s, 0.999), stepSize / LAYER);
        vec3 rgb = mapped(f);
        if (shaded) {
          vec3 slope = vec3(
            texture(volume, place + vec3(voxel.x, 0.0, 0.0)).r - stored,
            texture(volume, place + vec3(0.0, voxel.y, 0.0)).r - stored,
            texture(volume, place + vec3(0.0, 0.0, voxel.z)).r - stored);
          float steep = length(slope);
          float light = steep > 0.02 ? abs(dot(slope / steep, direction)) : 1.0;
          rgb *= 0.45 + 0.55 * light;
        }
        sum += (1.0 - alpha) * layer * rgb;
        alpha += (1.0 - alpha) * layer;
        if (alpha > 0.985) break;
      }
    }
    t += stepSize;
  }
  if (maximum) {
    float f = fraction(best);
    color = f > threshold ? vec4(mapped(f), 1.0) : vec4(0.0);
  } else {
    color = vec4(sum, alpha);
  }
}`;
